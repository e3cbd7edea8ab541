"""What an owner may read of the log: the committed events, in the order of their ids."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from app.domain.event_ids import first_id, last_id_before, next_id
from app.domain.ports import EventPage
from app.domain.resource import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from app.domain.events import Event
    from app.domain.ports import ReadableLog

_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class EventLog:
    """`clock` returns the time, aware, in UTC.

    An event's id has a time before its commit. So an event may commit after others with higher ids,
    and a reader that has passed those would never see it. `visible_after` is longer than a request
    lasts: an event without a commit by then never commits.
    """

    log: ReadableLog
    clock: Callable[[], datetime]
    visible_after: timedelta

    def page(
        self,
        owner: str,
        *,
        after: str | datetime | None,
        types: Collection[str],
        limit: int,
    ) -> tuple[EventPage, datetime]:
        """A page of the events before the horizon, and the horizon: no earlier event commits later.

        `after`: the id after which the page begins, or the time from which on; None: all.
        """
        now = self.clock()
        until = now - self.visible_after
        first = next_id(after) if isinstance(after, str) else first_id(after or _ALWAYS)
        last = last_id_before(until)
        if first > last:
            return EventPage([]), until
        page = self.log.page(owner, first=first, last=last, types=types, limit=limit, now=now)
        return page, until

    def get(self, owner: str, event_id: str) -> Event:
        """Raises NotFound."""
        found = self.log.get(owner, event_id, now=self.clock())
        if found is None:
            raise NotFound("event", event_id)
        return found
