"""How far Convoy has come: up to when it lists the events that it accepted.

Convoy lists an event when a worker takes it from a queue: seconds after the 201, or an hour after
it if the workers are behind. An event of 10:30 that is not listed is lost if Convoy shows one of
10:45. If Convoy shows nothing later than 10:05, the event may still be in a queue, and another
copy of it would only lengthen the queue.

If nothing else is published, nothing later is ever shown. So a pass publishes a few of these events
as probes, of each owner in turn, until Convoy has accepted a fixed number. The probes that Convoy
shows by the next pass move the horizon. An owner with that many events still to be shown gets no
further probe.
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


def latest_acceptance(entries: Iterable[Shown]) -> datetime | None:
    """When Convoy accepted the latest of these entries. None: there are none."""
    return max((entry.acknowledged_at for entry in entries), default=None)


def would_be_shown(row: Row, horizon: datetime | None) -> bool:
    """Whether Convoy shows the event by now if it accepted the last attempt.

    A replayed event was shown before.
    """
    if row.replays or not row.maybe_accepted:
        return True
    return horizon is not None and row.published_at + DISORDER <= horizon
