"""Convoy's deliveries: what hangs is retried, what ended without arriving is counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

HUNG_AFTER = timedelta(minutes=10)
"""A delivery is `Scheduled` or `Processing` for seconds. One that waits for another attempt is
`Retry`. Longer, its queue has lost it."""

LOOKED_BACK = timedelta(days=7)
"""How old a hung delivery may be; Convoy's own default for lists of deliveries."""

COUNTED_FOR = timedelta(hours=24)
"""How long a delivery that did not arrive is counted, from its creation."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """`failed`: retried as often as Convoy does. `discarded`: the endpoint took none at the time.

    `disabled_endpoints`: how many endpoints of these deliveries are not active now.
    """

    failed: int
    discarded: int
    disabled_endpoints: int


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """`retried` deliveries had hung; the rest is as Undelivered has it."""

    retried: int
    failed: int
    discarded: int
    disabled_endpoints: int


class Deliveries(Protocol):
    """Each call raises NotAnswered."""

    def retry_hung(self, start: datetime, end: datetime) -> int:
        """Retry deliveries created in this time that hang; gives how many."""

    def undelivered(self, since: datetime) -> Undelivered:
        """Deliveries created since then that ended without arriving; at the most a page of each."""


def tend(
    deliveries: Deliveries, now: datetime, hung_after: timedelta = HUNG_AFTER
) -> DeliveryReport:
    """Raises NotAnswered."""
    retried = deliveries.retry_hung(now - LOOKED_BACK, now - hung_after)
    found = deliveries.undelivered(now - COUNTED_FOR)
    return DeliveryReport(retried, found.failed, found.discarded, found.disabled_endpoints)
