"""What an owner may read of the log: the committed events, in the order of their ids."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from app.domain.event_ids import first_id, last_id_before, next_id
from app.domain.resource import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from app.domain.events import Event
    from app.domain.ports import ReadableLog

_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


class LogPage(NamedTuple):
    """`after`: the next page begins after this event's id; None on the last page.

    `until`: the horizon: no earlier event commits later. `gap`: events that the reader asked for
    may have expired.
    """

    found: Sequence[Event]
    after: str | None
    until: datetime
    gap: bool


@dataclass(frozen=True, slots=True)
class EventLog:
    """`clock` returns the time, aware, in UTC.

    An event's id has a time before its commit. So an event may commit after others with higher ids,
    and a reader that has passed those would never see it. `visible_after` is longer than a request
    lasts: an event without a commit by then never commits. `retention` is how long the log keeps an
    event.
    """

    log: ReadableLog
    clock: Callable[[], datetime]
    visible_after: timedelta
    retention: timedelta

    def page(
        self,
        owner: str,
        *,
        after: str | datetime | None,
        types: Collection[str],
        limit: int,
    ) -> LogPage:
        """A page of the events before the horizon.

        `after`: the id after which the page begins, or the time from which on; None: all.
        """
        now = self.clock()
        until = now - self.visible_after
        first = next_id(after) if isinstance(after, str) else first_id(after or _ALWAYS)
        last = last_id_before(until)
        gap = after is not None and first < self._first_kept(now)
        if first > last:
            return LogPage([], None, until, gap)
        page = self.log.page(owner, first=first, last=last, types=types, limit=limit, now=now)
        return LogPage(page.found, page.after, until, gap)

    def get(self, owner: str, event_id: str) -> Event:
        """Raises NotFound."""
        found = self.log.get(owner, event_id, now=self.clock())
        if found is None:
            raise NotFound("event", event_id)
        return found

    def _first_kept(self, now: datetime) -> str:
        """No event whose id sorts from this one on has expired.

        An event expires by its id's time, cut to seconds, from the clock of another instance. Those
        clocks differ by less than `visible_after`.
        """
        return first_id(now - self.retention + self.visible_after + _SECOND)
