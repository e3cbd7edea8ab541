"""The relay: publishes what requests left in the outbox, until Convoy has it.

Two relays at once are safe: each publishes a row at most once a run, under the row's own key, and
what one of them writes about a row it has seen change is dropped.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from app.outbox_table import FAILED, WAITING
from app.publisher import Accepted, Misconfigured, Unavailable
from app.service import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from app.outbox_table import Row
    from app.publisher import Publisher

log = logging.getLogger(__name__)

MAX_REFUSALS = 8
"""Convoy answers 400 to some of its own outages: with the pauses below, for twenty minutes."""

FIRST_PAUSE_S = 30.0
MAX_PAUSE_S = 900.0
"""Seconds between tries of one row: doubled each time, and half of it at random."""

MAX_RETRY_AFTER_S = 3600
"""Seconds that a row waits at the most because Convoy asked for it."""

MAX_OUTAGES = 3
"""Outages in a row after which a run takes Convoy to be down."""

WRITE_S = 9.0
"""Seconds that a write may take at worst: `wiring.DYNAMODB`."""

RESERVE_S = 2.0 + WRITE_S
"""Seconds of a run that are kept for what has begun: a publish, and the write of its result."""


class Outbox(Protocol):
    """The table, as the relay sees it; each call raises StoreError when it could not be made."""

    def ack(self, event_id: str) -> None: ...
    def pages(self) -> Iterable[list[Row]]: ...
    def postpone(self, row: Row, *, due_at: datetime, reason: str, refused: bool) -> bool: ...
    def park(self, row: Row, *, reason: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Report:
    """`pending` and `failed` rows are left; `oldest_s` is the age of the oldest pending one.

    `partial`: the run was out of time before it had seen every row, and there may be more.
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
class _Run:
    """What the workers of one run share."""

    time_left: Callable[[], float]
    reserve_s: float
    lock: threading.Lock = field(default_factory=threading.Lock)
    outages: int = 0
    stopped: str | None = None
    delivered: int = 0
    pending: int = 0
    failed: int = 0
    oldest: datetime | None = None

    def may_go_on(self) -> bool:
        if self.time_left() < self.reserve_s:
            self.stop("out of time")
        return self.stopped is None

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

    def leave(self, row: Row) -> None:
        with self.lock:
            self.pending += 1
            self.oldest = min(self.oldest or row.event.occurred_at, row.event.occurred_at)


@dataclass(frozen=True, slots=True)
class Relay:
    """`jitter` gives a number from 0 to 1."""

    publisher: Publisher
    outbox: Outbox
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    workers: int = 4
    reserve_s: float = RESERVE_S

    def run(
        self,
        time_left: Callable[[], float] = lambda: float("inf"),
        on_row: Callable[[], None] = lambda: None,
    ) -> Report:
        """One pass over the outbox; ends within `time_left()` seconds. Raises StoreError.

        `on_row` is told each row that was dealt with, by whichever worker did.
        """
        run = _Run(time_left, self.reserve_s)

        def deal_with(row: Row) -> None:
            self._deal_with(row, run)
            on_row()

        partial = False
        with ThreadPoolExecutor(self.workers, thread_name_prefix="relay") as threads:
            for page in self.outbox.pages():
                list(threads.map(deal_with, page))
                if run.time_left() < self.reserve_s:
                    run.stop("out of time")
                    partial = True
                    break
        age = self.clock() - run.oldest if run.oldest else timedelta()
        oldest_s = max(age.total_seconds(), 0.0)
        return Report(run.delivered, run.pending, run.failed, oldest_s, run.stopped, partial)

    def _deal_with(self, row: Row, run: _Run) -> None:
        if row.state == FAILED:
            run.count_failed()
        elif row.state == WAITING and row.due_at <= self.clock() and run.may_go_on():
            self._try(row, run)
        else:
            run.leave(row)

    def _try(self, row: Row, run: _Run) -> None:
        outcome = self.publisher.publish(row.event)
        try:
            match outcome:
                case Accepted():
                    run.count_delivered()
                    self.outbox.ack(row.event.id)
                case Unavailable(reason, after):
                    run.count_outage(f"Convoy is down: {reason}")
                    if after:
                        run.stop(f"Convoy asked for {after} s: {reason}")
                    self._postpone(row, run, reason, after=after or 0)
                case Misconfigured(reason):
                    # Of one row alone it may be a proxy that dislikes the payload.
                    run.count_outage(f"misconfigured: {reason}")
                    self._postpone(row, run, reason)
                case _:
                    run.count_answer()
                    self._refused(row, outcome.reason, run)
        except StoreError as error:
            # The row is as it was: it is tried again, under the same key.
            run.leave(row)
            log.warning(
                "left %s as it was: %s", row.event.id, error, extra={"event_id": row.event.id}
            )

    def _refused(self, row: Row, reason: str, run: _Run) -> None:
        log.warning("refused %s: %s", row.event.id, reason, extra={"event_id": row.event.id})
        if row.refusals + 1 < MAX_REFUSALS:
            self._postpone(row, run, reason, refused=True)
            return
        self.outbox.park(row, reason=reason)
        run.count_failed()

    def _postpone(
        self, row: Row, run: _Run, reason: str, *, after: int = 0, refused: bool = False
    ) -> None:
        doublings = min(row.refusals if refused else row.attempts, 10)
        pause = min(FIRST_PAUSE_S * 2**doublings, MAX_PAUSE_S) * (0.5 + self.jitter() / 2)
        due_at = self.clock() + timedelta(seconds=max(pause, min(after, MAX_RETRY_AFTER_S)))
        self.outbox.postpone(row, due_at=due_at, reason=reason, refused=refused)
        run.leave(row)
