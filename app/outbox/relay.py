"""The relay: publishes what requests left in the outbox, until Convoy has it.

Two relays at once are safe: each publishes a row at most once a run, under the row's own key, and
what one of them writes about a row it has seen change is dropped.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from app.outbox.outcomes import Accepted, Misconfigured, Unavailable
from app.outbox.relay_run import Run
from app.outbox.rows import FAILED, WAITING, WHOLE
from app.ports import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from app.outbox.outcomes import Outcome, Publisher
    from app.outbox.relay_run import Report
    from app.outbox.rows import Row, Segment, UnreadableRow

log = logging.getLogger(__name__)

WORKERS = 16
"""Publishes at the same time. The deployed relay then has an hour's outage of 200 changes a second
behind it within the next: docs/scale.md."""

MAX_REFUSALS = 30
"""Convoy answers 400 to some of its own outages: with the pauses below, for three to six hours."""

FIRST_PAUSE_S = 30.0
MAX_PAUSE_S = 900.0
"""Seconds between tries of one row: doubled each time, and half of it at random."""

MAX_RETRY_AFTER_S = 3600
"""Seconds that a row, and a relay, wait at the most because Convoy asked for it."""

WRITE_S = 9.0
"""Seconds that a write may take at worst: `wiring.DYNAMODB`."""

RESERVE_S = 2.0 + WRITE_S
"""Seconds of a run that are kept for what has begun: a publish, and the write of its result."""


class Outbox(Protocol):
    """The table, as the relay sees it; each call raises StoreError when it could not be made."""

    def ack(self, event_id: str) -> None: ...
    def pages(
        self, unreadable: Callable[[UnreadableRow], object], segment: Segment, after: str | None
    ) -> Iterable[list[Row]]: ...
    def postpone(self, row: Row, *, due_at: datetime, reason: str, refused: bool) -> bool: ...
    def park(self, row: Row, *, reason: str) -> bool: ...


@dataclass(slots=True)
class Relay:
    """`workers` publish at the same time. `jitter` gives a number from 0 to 1.

    Relays that have a `segment` of the table each do not meet at the same rows.

    Kept from run to run, for as long as the relay lives: what Convoy asks for in `Retry-After`, and
    how far a run came that could not read all. The next one reads what is behind.
    """

    publisher: Publisher
    outbox: Outbox
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    workers: int = WORKERS
    reserve_s: float = RESERVE_S
    segment: Segment = WHOLE
    _quiet_until: datetime | None = field(default=None, init=False)
    _after: str | None = field(default=None, init=False)

    def run(
        self,
        time_left: Callable[[], float] = lambda: float("inf"),
        on_row: Callable[[], None] = lambda: None,
    ) -> Report:
        """One pass over the outbox; ends within `time_left()` seconds; tells `on_row` each row.

        Raises StoreError if nothing of the outbox could be read.
        """
        run = Run(time_left, self.reserve_s, threading.Semaphore(self.workers))
        run.partial = self.segment != WHOLE or self._after is not None
        if self._quiet_until and self._quiet_until > self.clock():
            run.stop(f"Convoy asked for a pause until {self._quiet_until:%H:%M:%S} UTC")
        with ThreadPoolExecutor(self.workers * 2, thread_name_prefix="relay") as threads:
            for page in self._pages(run):
                tries = [
                    (row, threads.submit(copy_context().run, self._deal_with, row, run))
                    for row in page
                ]
                for row, tried in tries:
                    try:
                        tried.result()
                    except Exception:
                        run.leave(row)
                        log.exception("left %s as it was", row.event.id, extra=_about(row))
                    on_row()
        return run.report(self.clock())

    def _pages(self, run: Run) -> Iterator[list[Row]]:
        """The outbox, until it is read or time is up: as much as can be read of it."""
        begun = False
        try:
            for page in self.outbox.pages(run.count_unreadable, self.segment, self._after):
                begun = True
                yield page
                if run.is_out_of_time():
                    run.partial = True
                    return
                self._after = page[-1].event.id if page else self._after
            self._after = None
        except StoreError as error:
            if not begun:
                raise
            run.partial = True
            run.stop(f"the rest of the outbox could not be read: {error}")

    def _deal_with(self, row: Row, run: Run) -> None:
        if row.state == FAILED:
            run.count_failed()
        elif row.state == WAITING and row.due_at <= self.clock():
            self._try(row, run)
        else:
            run.leave(row)

    def _try(self, row: Row, run: Run) -> None:
        with run.turns:
            if not run.may_go_on():
                return run.leave(row)
            outcome = self.publisher.publish(row.event)
            self._learn(outcome, run)
        try:
            self._settle(row, outcome, run)
        except StoreError as error:
            # The row is as it was: it is tried again, under the same key.
            run.leave(row)
            log.warning("left %s as it was: %s", row.event.id, error, extra=_about(row))

    def _learn(self, outcome: Outcome, run: Run) -> None:
        """What it tells of Convoy, before others take their turn."""
        match outcome:
            case Accepted():
                run.count_delivered()
            case Unavailable(reason, after):
                run.count_outage(f"Convoy is down: {reason}")
                if after:
                    run.stop(f"Convoy asked for {after} s: {reason}")
                    pause = timedelta(seconds=min(after, MAX_RETRY_AFTER_S))
                    self._quiet_until = self.clock() + pause
            case Misconfigured(reason):
                # Of one row alone it may be a proxy that dislikes the payload.
                run.count_outage(f"misconfigured: {reason}")
            case _:
                run.count_answer()

    def _settle(self, row: Row, outcome: Outcome, run: Run) -> None:
        """Write what becomes of the row; the next one is under way meanwhile."""
        match outcome:
            case Accepted():
                self.outbox.ack(row.event.id)
            case Unavailable(reason, after):
                self._postpone(row, run, reason, after=after or 0)
            case Misconfigured(reason):
                self._postpone(row, run, reason)
            case _:
                self._refused(row, outcome.reason, run)

    def _refused(self, row: Row, reason: str, run: Run) -> None:
        log.warning("refused %s: %s", row.event.id, reason, extra=_about(row))
        if row.refusals + 1 < MAX_REFUSALS:
            self._postpone(row, run, reason, refused=True)
            return
        if self.outbox.park(row, reason=reason):
            run.count_failed()

    def _postpone(
        self, row: Row, run: Run, reason: str, *, after: int = 0, refused: bool = False
    ) -> None:
        doublings = min(row.refusals if refused else row.attempts, 10)
        pause = min(FIRST_PAUSE_S * 2**doublings, MAX_PAUSE_S) * (0.5 + self.jitter() / 2)
        due_at = self.clock() + timedelta(seconds=max(pause, min(after, MAX_RETRY_AFTER_S)))
        if self.outbox.postpone(row, due_at=due_at, reason=reason, refused=refused):
            run.leave(row)


def _about(row: Row) -> dict[str, str]:
    return {"event_id": row.event.id}
