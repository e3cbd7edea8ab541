"""One run of the relay: what its workers share while it lasts, and what it tells at its end."""

from __future__ import annotations

import logging
import threading
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.outbox.rows import Row, UnreadableRow

log = logging.getLogger(__name__)

MAX_OUTAGES = 3
"""Outages in a row after which a run takes Convoy to be down."""


@dataclass(frozen=True, slots=True)
class Report:
    """`pending` and `failed` rows are left; `oldest_s` is the age of the oldest pending one.

    `partial`: the run ended before it had seen every row, and there may be more.
    """

    delivered: int
    pending: int
    failed: int
    oldest_s: float
    stopped: str | None
    partial: bool = False

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass
class Run:
    """What the workers of one run share; who publishes has one of its `turns`."""

    time_left: Callable[[], float]
    reserve_s: float
    turns: threading.Semaphore
    lock: threading.Lock = field(default_factory=threading.Lock)
    outages: int = 0
    stopped: str | None = None
    partial: bool = False
    delivered: int = 0
    pending: int = 0
    failed: int = 0
    oldest: datetime | None = None

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

    def count_outage(self, reason: str) -> None:
        with self.lock:
            self.outages += 1
            down = self.outages >= MAX_OUTAGES
        if down:
            self.stop(reason)

    def count_answer(self) -> None:
        with self.lock:
            self.outages = 0

    def count_delivered(self) -> None:
        with self.lock:
            self.outages = 0
            self.delivered += 1

    def count_failed(self) -> None:
        with self.lock:
            self.failed += 1

    def count_unreadable(self, error: UnreadableRow) -> None:
        log.error("%s", error, extra={"event_id": error.event_id})
        self.count_failed()

    def leave(self, row: Row) -> None:
        with self.lock:
            self.pending += 1
            self.oldest = min(self.oldest or row.event.occurred_at, row.event.occurred_at)

    def report(self, now: datetime) -> Report:
        age = now - self.oldest if self.oldest else timedelta()
        oldest_s = max(age.total_seconds(), 0.0)
        return Report(
            self.delivered, self.pending, self.failed, oldest_s, self.stopped, self.partial
        )
