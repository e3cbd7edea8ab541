"""Convoy's deliveries: retry those that hang; count those that failed or were discarded."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

log = logging.getLogger(__name__)

HUNG_AFTER = timedelta(minutes=10)
"""A delivery stays `Scheduled` or `Processing` for seconds, and `Retry` until the time of its next
attempt. Convoy's queue lost a delivery that stays longer."""

LOOKED_BACK = timedelta(days=7)
"""How far back hung deliveries are looked for; Convoy's default for its lists of deliveries."""

COUNTED_FOR = timedelta(hours=24)
"""How long after its creation a failed or discarded delivery is counted."""


@dataclass(frozen=True, slots=True)
class Hung:
    """Deliveries that hang: created from `first` to `last`, and in one of these `statuses`."""

    count: int
    statuses: frozenset[str]
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Undelivered:
    """`failed`: all of Convoy's retries failed. `discarded`: the endpoint was not active then.

    `disabled_endpoints`: how many endpoints of these deliveries are not active now.
    """

    failed: int
    discarded: int
    disabled_endpoints: int


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """`hung`: how many were found. `retried`: how many of them are retried, all or none. The other
    fields are those of Undelivered."""

    hung: int
    retried: int
    failed: int
    discarded: int
    disabled_endpoints: int


class Deliveries(Protocol):
    """Each call raises NotAnswered."""

    def hung(self, start: datetime, end: datetime) -> Hung | None:
        """Deliveries created in this time that hang since `end` or earlier; at most a page."""

    def retry_hung(self, hung: Hung) -> bool:
        """False: Convoy's last bulk retry is not over."""

    def undelivered(self, since: datetime) -> Undelivered:
        """Deliveries created since then that ended without arriving; at most a page of each."""


def check_deliveries(
    deliveries: Deliveries, now: datetime, hung_after: timedelta = HUNG_AFTER
) -> DeliveryReport:
    """Raises NotAnswered."""
    hung = deliveries.hung(now - LOOKED_BACK, now - hung_after)
    count = hung.count if hung else 0
    retried = hung is not None and deliveries.retry_hung(hung)
    if count and not retried:
        log.warning("%d deliveries hang, and Convoy's last bulk retry is not over", count)
    found = deliveries.undelivered(now - COUNTED_FOR)
    return DeliveryReport(
        hung=count,
        retried=count if retried else 0,
        failed=found.failed,
        discarded=found.discarded,
        disabled_endpoints=found.disabled_endpoints,
    )
