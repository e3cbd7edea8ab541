"""How far Convoy has come: up to when it shows what it accepted.

Convoy lists an event when a worker takes it from a queue: seconds after the 201, or an hour after
it if the workers are behind. An event of 10:30 that is not listed is lost if Convoy shows one of
10:45. If Convoy shows nothing later than 10:05, the event may just not have had its turn, and a
copy of each such event would only lengthen the queue.

Where nothing else is published, nothing later is ever shown. So a pass publishes a few of these
events all the same, of each owner in turn, until Convoy accepted so many: what Convoy shows of them
by the next pass moves the horizon. An owner with so many events still to be shown gets no further
probe.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from app.outbox.event_list import Shown
    from app.outbox.rows import Row

DISORDER = timedelta(seconds=5)
"""Convoy's workers take events in about the order of publishing; clocks differ a little, too."""


def reached(entries: Iterable[Shown]) -> datetime | None:
    """The latest moment of accepting that these entries prove. None: they prove nothing."""
    return max((entry.acknowledged_at for entry in entries), default=None)


def is_reached(row: Row, horizon: datetime | None) -> bool:
    """Whether Convoy would show the event by now, had it accepted the last attempt.

    An event that was replayed was shown before.
    """
    if row.replays or not row.maybe_accepted:
        return True
    return horizon is not None and row.published_at + DISORDER <= horizon
