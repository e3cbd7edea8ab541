"""The request's own attempt: publish the event once, and record a failure in the event's row."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from app.domain.ports import StoreError
from app.outbox.backoff import after_failure
from app.outbox.outcomes import Accepted, Skipped, Unavailable
from app.outbox.rows import Row

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.domain.events import Event
    from app.outbox.outcomes import Misconfigured, Outcome, Publisher, Refused

log = logging.getLogger(__name__)


class RequestOutbox(Protocol):
    def postpone(
        self, row: Row, *, now: datetime, due_at: datetime, reason: str, refused: bool
    ) -> bool:
        """Record a failed attempt. False: the row changed since. Raises StoreError."""


@dataclass(frozen=True, slots=True)
class OutboxDelivery:
    """`clock` is aware, in UTC; `jitter` gives a number from 0 to 1."""

    publisher: Publisher
    outbox: RequestOutbox
    clock: Callable[[], datetime]
    jitter: Callable[[], float]

    def deliver(self, event: Event) -> bool:
        """True: Convoy accepted the event. False: the relay publishes it later.

        After a 201 nothing is written: the relay asks Convoy what became of the event.
        """
        try:
            outcome = self._publish(event, consequence="the event waits in the outbox")
            if isinstance(outcome, Accepted):
                return True
            if not isinstance(outcome, Skipped):
                self._record(event, outcome)
        except Exception:
            # The change is committed: an unforeseen error must not reach its client as a failure.
            log.exception(
                "delivery failed; the event waits in the outbox", extra={"event_id": event.id}
            )
        return False

    def publish_best_effort(self, event: Event) -> None:
        """Publish, once, an event without a row. A failure is only logged: the event is lost."""
        try:
            self._publish(event, consequence="the event is dropped: it reports no change")
        except Exception:
            log.exception("publish failed; the event is dropped", extra={"event_id": event.id})

    def _publish(self, event: Event, *, consequence: str) -> Outcome:
        outcome = self.publisher.publish(event)
        if not isinstance(outcome, Accepted):
            log.warning(
                "publish failed (%s): %s; %s",
                type(outcome).__name__,
                outcome.reason,
                consequence,
                extra={"event_id": event.id, "event_type": event.type, "reason": outcome.reason},
            )
        return outcome

    def _record(self, event: Event, outcome: Unavailable | Misconfigured | Refused) -> None:
        """Best effort: without the record, the relay takes the row when it is due."""
        after = outcome.retry_after_s if isinstance(outcome, Unavailable) else None
        in_doubt = isinstance(outcome, Unavailable) and outcome.in_doubt
        now = self.clock()
        due_at = now + after_failure(0, self.jitter(), after)
        row = Row(event, due_at=event.occurred_at, maybe_accepted=in_doubt)
        try:
            self.outbox.postpone(row, now=now, due_at=due_at, reason=outcome.reason, refused=False)
        except StoreError as error:
            log.warning("attempt not recorded: %s", error, extra={"event_id": event.id})
