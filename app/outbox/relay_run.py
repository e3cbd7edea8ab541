"""One pass of the relay: what its workers share while it lasts, and its report at the end.

At its deadline a pass makes no new call to Convoy. Half of the time in reserve is for writes. The
report is `partial`, and the next pass goes on behind the last row that was read.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.outbox.deliveries import DeliveryReport
    from app.outbox.rows import Row, UnreadableRow

log = logging.getLogger(__name__)

MAX_FAILURES = 3
"""Attempts that fail in a row before a pass asks whether Convoy is up at all."""

MAX_LIMITED = 32
"""Attempts in a row that Convoy answers with `Retry-After`, before a pass ends. Fewer may be
caused by the events themselves."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a pass did, and what it left.

    `settled`: rows that were removed, as Convoy shows their events as handled. `published`: events
    that Convoy did not have. `replayed`: events that were stuck in Convoy. `pending`, `failed`:
    rows that are left. `oldest_s`: the age of the oldest pending row, in seconds. `partial`: the
    pass ended before it read every row, and there may be more. `deliveries`: None if the pass did
    not check them.
    """

    settled: int
    published: int
    replayed: int
    pending: int
    failed: int
    oldest_s: float
    stopped: str | None
    partial: bool = False
    deliveries: DeliveryReport | None = None

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass
class Run:
    """What the workers of one pass share. Each call to Convoy takes one of the `turns`."""

    time_left: Callable[[], float]
    reserve_s: float
    turns: threading.Semaphore
    lock: threading.Lock = field(default_factory=threading.Lock)
    failures: int = 0
    limited: int = 0
    stopped: str | None = None
    partial: bool = False
    settled: int = 0
    published: int = 0
    replayed: int = 0
    probed: int = 0
    pending: int = 0
    failed: int = 0
    oldest: datetime | None = None
    horizon: datetime | None = None
    begun: bool = False
    unshown: Counter[str] = field(default_factory=Counter)
    deliveries: DeliveryReport | None = None

    @property
    def suspects_an_outage(self) -> bool:
        return self.failures >= MAX_FAILURES

    def advance_horizon(self, horizon: datetime | None) -> None:
        """Convoy shows events that it accepted at this time (app/outbox/horizon.py)."""
        with self.lock:
            if horizon and (self.horizon is None or horizon > self.horizon):
                self.horizon = horizon

    def others_got_through(self, row: Row) -> bool:
        """Whether Convoy took other events since the last attempt for this row."""
        return self.has_passed(row) or self.published > 0

    def has_passed(self, row: Row) -> bool:
        """Whether Convoy shows events that it accepted after the last attempt for this row."""
        return self.horizon is not None and self.horizon > row.published_at

    def may_go_on(self) -> bool:
        return not self.is_out_of_time() and self.stopped is None

    def is_out_of_time(self) -> bool:
        if self.time_left() >= self.reserve_s:
            return False
        self.stop("out of time")
        return True

    def stop(self, reason: str) -> None:
        with self.lock:
            self.stopped = self.stopped or reason

    def count_failure(self) -> bool:
        """Whether so many attempts failed in a row that Convoy itself may be down."""
        with self.lock:
            self.failures += 1
            return self.suspects_an_outage

    def count_limited(self) -> bool:
        """Whether Convoy asked for a pause so often in a row that all events must wait."""
        with self.lock:
            self.limited += 1
            return self.limited >= MAX_LIMITED

    def count_answer(self) -> None:
        """Convoy is up: the earlier failures concerned single events."""
        with self.lock:
            self.failures = 0

    def count_published(self) -> None:
        with self.lock:
            self.failures = self.limited = 0
            self.published += 1

    def count_probe(self) -> None:
        with self.lock:
            self.probed += 1

    def count_unshown(self, row: Row) -> None:
        """A row whose event Convoy accepted from a relay, and that is not due yet."""
        with self.lock:
            self.unshown[row.event.owner] += 1

    def count_replayed(self) -> None:
        with self.lock:
            self.failures = self.limited = 0
            self.replayed += 1

    def count_settled(self, rows: int) -> None:
        with self.lock:
            self.settled += rows

    def count_failed(self) -> None:
        with self.lock:
            self.failed += 1

    def count_unreadable(self, error: UnreadableRow) -> None:
        log.error("%s", error, extra={"event_id": error.event_id})
        self.count_failed()

    def count_pending(self, row: Row) -> None:
        with self.lock:
            self.pending += 1
            self.oldest = min(self.oldest or row.event.occurred_at, row.event.occurred_at)

    def report(self, now: datetime) -> Report:
        age = now - self.oldest if self.oldest else timedelta()
        return Report(
            settled=self.settled,
            published=self.published,
            replayed=self.replayed,
            pending=self.pending,
            failed=self.failed,
            oldest_s=max(age.total_seconds(), 0.0),
            stopped=self.stopped,
            partial=self.partial,
            deliveries=self.deliveries,
        )
