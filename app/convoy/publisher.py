"""Publishing to Convoy through its SDK: one deadline, and a named outcome for every answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from app.convoy.api_key import SecretError
from app.convoy.exchange import NotSendable
from app.convoy.sdk import FanoutEvent, fanout
from app.convoy.status_codes import outcome_of
from app.convoy.transport import ERRORS, NOT_SENT
from app.outbox.outcomes import Accepted, Misconfigured, Refused, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.convoy.exchange import Exchange
    from app.domain.events import Event
    from app.outbox.outcomes import Outcome

log = logging.getLogger(__name__)

_MAX_REASON_LENGTH = 200

MAX_ANSWER_BYTES = 1024 * 1024
"""Far more than Convoy's answer to a publish has, and quick to read."""


class ConvoyPublisher:
    """Fans events out to their owner's endpoints, each within the exchange's deadline.

    `clock` gives the time, aware, in UTC: a `Retry-After` may be a date.
    """

    def __init__(self, convoy: Exchange, clock: Callable[[], datetime]) -> None:
        self._convoy = convoy
        self._clock = clock

    def publish(self, event: Event) -> Outcome:
        """One attempt under the event's own id as idempotency key. Never raises for Convoy."""
        outcome = self._attempt(event)
        if isinstance(outcome, Accepted):
            return outcome
        # Redact before the cut: a part of the key would not be recognised.
        reason = self._convoy.redacted(outcome.reason)
        return replace(outcome, reason=reason[:_MAX_REASON_LENGTH])

    def _attempt(self, event: Event) -> Outcome:
        if not isinstance(event.data, Mapping):
            return Refused("not sent, not JSON: the event's data is not an object")
        body = FanoutEvent(
            owner_id=event.owner,
            event_type=event.type,
            idempotency_key=event.id,
            data=dict(event.data),  # type: ignore[arg-type]  # the SDK sends a dict as it is
        )
        try:
            return outcome_of(self._convoy.answer(fanout.sync_detailed, body=body), self._clock())
        except ERRORS as error:
            in_doubt = not isinstance(error, NOT_SENT)
            return Unavailable(f"{type(error).__name__}: {error}", in_doubt=in_doubt)
        except SecretError as error:
            log.warning("no API key that Convoy takes: %s", error)
            return Misconfigured(f"no API key that Convoy takes: {error}", outage=True)
        except NotSendable as error:
            return Refused(str(error))

    def close(self) -> None:
        self._convoy.close()
