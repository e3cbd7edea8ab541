"""Delivering an event to Convoy: publish it, then take it out of the outbox."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from app.outbox.outcomes import Accepted
from app.ports import StoreError

if TYPE_CHECKING:
    from app.events import Event
    from app.outbox.outcomes import Publisher

log = logging.getLogger(__name__)


class Outbox(Protocol):
    def ack(self, event_id: str) -> None:
        """Remove a delivered event; no error if it is gone already. Raises StoreError."""


@dataclass(frozen=True, slots=True)
class OutboxDelivery:
    publisher: Publisher
    outbox: Outbox

    def deliver(self, event: Event) -> bool:
        """True: Convoy has the event. False: it waits in the outbox, where the commit put it."""
        try:
            return self._deliver(event)
        except Exception:
            # The change is committed: what nobody foresaw must not tell its client that it failed.
            log.exception("delivery failed; it waits in the outbox", extra={"event_id": event.id})
            return False

    def announce(self, event: Event) -> None:
        """Publish once an event that has no row; a failure is logged, and that is all."""
        try:
            self._publish(event, otherwise="it is dropped: nothing changed")
        except Exception:
            log.exception("announcement failed; it is dropped", extra={"event_id": event.id})

    def _deliver(self, event: Event) -> bool:
        if not self._publish(event, otherwise="it waits in the outbox"):
            return False
        try:
            self.outbox.ack(event.id)
        except StoreError as error:
            # The row stays, so the event goes out once more, under the same key: Convoy drops it.
            log.warning("ack failed: %s", error, extra={"event_id": event.id})
        return True

    def _publish(self, event: Event, *, otherwise: str) -> bool:
        outcome = self.publisher.publish(event)
        if isinstance(outcome, Accepted):
            return True
        log.warning(
            "publish failed (%s): %s; %s",
            type(outcome).__name__,
            outcome.reason,
            otherwise,
            extra={"event_id": event.id, "event_type": event.type, "reason": outcome.reason},
        )
        return False
