"""The relay: asks Convoy what became of the events in the outbox, and heals what is missing.

    due rows ── look up ──▶ handled    take the row out
                        ├─▶ missing    publish again, under the same key
                        ├─▶ stuck      replay
                        └─▶ under way  look again at the next pass

Two relays at once are safe. Convoy delivers what both publish once, by its key. What one relay
writes about a row that the other has changed since is dropped.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.ports import StoreError
from app.outbox import horizon
from app.outbox.deliveries import HUNG_AFTER, tend
from app.outbox.event_list import (
    STUCK_AFTER,
    Burnt,
    Handled,
    Missing,
    NotAnswered,
    Stuck,
    finding,
)
from app.outbox.look_up import look_up
from app.outbox.relay_run import Run
from app.outbox.rows import FAILED, WAITING, WHOLE
from app.outbox.tasks import Tasks, interleaved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from app.outbox.attempts import Attempts, Outbox
    from app.outbox.deliveries import Deliveries
    from app.outbox.event_list import EventList, Shown
    from app.outbox.look_up import Sightings
    from app.outbox.relay_run import Report
    from app.outbox.rows import Row, Segment

log = logging.getLogger(__name__)

WORKERS = 16
"""Calls to Convoy at the same time. The deployed relay then has an hour's outage of 90 changes a
second behind it within the next: docs/scale.md."""

BATCH_PAGES = 32
"""Pages of the outbox, of up to 1 MB each, that are looked up together: some 77,000 rows, in 140 MB
of memory. The more rows share a page of Convoy's list, the fewer pages a pass asks for."""

DELETES = 25
"""Rows that DynamoDB deletes in one call (API reference of `BatchWriteItem`)."""

LONG_BEFORE = timedelta(hours=1)
"""Before an event's own time: Convoy's list is asked by time, and clocks differ."""


@dataclass(slots=True)
class Relay:
    """`workers` call Convoy at the same time. `reserve_s` of a pass are kept for work in progress.

    Relays that have a `segment` of the table each do not meet at the same rows. A relay keeps how
    far a pass came that could not read all: the next one reads what is behind.
    """

    attempts: Attempts
    events: EventList
    outbox: Outbox
    clock: Callable[[], datetime]
    reserve_s: float
    deliveries: Deliveries | None = None
    workers: int = WORKERS
    segment: Segment = WHOLE
    stuck_after: timedelta = STUCK_AFTER
    hung_after: timedelta = HUNG_AFTER
    _after: str | None = field(default=None, init=False)

    def run(
        self,
        time_left: Callable[[], float] = lambda: float("inf"),
        on_row: Callable[[], None] = lambda: None,
    ) -> Report:
        """One pass over the outbox; it ends within `time_left()` seconds. `on_row`: for each row.

        Raises StoreError if nothing of the outbox could be read.
        """
        run = Run(time_left, self.reserve_s, threading.Semaphore(self.workers))
        run.partial = self.segment != WHOLE or self._after is not None
        # Twice as many threads as turns: a row is written while the next one is published.
        with ThreadPoolExecutor(self.workers * 2, thread_name_prefix="relay") as threads:
            for due in self._batches(run, on_row):
                self._settle(due, run, threads)
                for _ in due:
                    on_row()
        self._tend_deliveries(run)
        return run.report(self.clock())

    def _batches(self, run: Run, on_row: Callable[[], None]) -> Iterator[list[Row]]:
        """The due rows, until the outbox is read or time is up: as much as can be read of it."""
        due: list[Row] = []
        begun, broken = False, ""
        try:
            pages = self.outbox.pages(run.count_unreadable, self.segment, self._after)
            for number, page in enumerate(pages, 1):
                begun = True
                due += self._due(page, run, on_row)
                if number % BATCH_PAGES and not run.is_out_of_time():
                    continue
                yield due
                due = []
                self._after = page[-1].event.id if page else self._after
                if run.is_out_of_time():
                    run.partial = True
                    return
            self._after = None
        except StoreError as error:
            if not begun:
                raise
            run.partial = True
            broken = f"the rest of the outbox could not be read: {error}"
        yield due
        if broken:
            run.stop(broken)

    def _due(self, page: Iterable[Row], run: Run, on_row: Callable[[], None]) -> Iterator[Row]:
        for row in page:
            if row.state == WAITING and row.due_at <= self.clock():
                yield row
                continue
            if row.state == FAILED:
                run.count_failed()
            else:
                run.leave(row)
                if row.tried_at and row.maybe_accepted and not row.replays:
                    run.count_unshown(row)
            on_row()

    def _settle(self, due: Sequence[Row], run: Run, threads: ThreadPoolExecutor) -> None:
        """Take out what Convoy handled; do for each other row what its finding asks for."""
        seen = self._look_up(due, run)
        if seen is None:
            for row in due:
                run.leave(row)
            return
        for entries in seen.values():
            run.see(horizon.reached(entries))
        clear: list[Row] = []
        unclear: list[Row] = []
        for row in due:
            known = row.key in seen or horizon.is_reached(row, run.horizon)
            (clear if known else unclear).append(row)
        unclear.sort(key=lambda row: row.published_at, reverse=True)
        tasks = Tasks(threads, run)
        for row in interleaved(clear):
            tasks.add([row], self._is_handled, row, seen.get(row.key), run)
        for row in interleaved(unclear):
            tasks.add([row], self._probe, row, run)
        handled = tasks.rows_done()
        for start in range(0, len(handled), DELETES):
            rows = handled[start : start + DELETES]
            tasks.add(rows, self._remove, rows, run)
        tasks.rows_done()

    def _look_up(self, due: Sequence[Row], run: Run) -> Sightings | None:
        """What Convoy shows of the rows. None: time is up, or Convoy does not answer."""
        if not due:
            return None
        self.attempts.begin(run)
        if not run.may_go_on():
            return None
        self._tend_deliveries(run)
        try:
            return look_up(due, self.events, run.may_go_on)
        except NotAnswered as error:
            # A page may be too long for its deadline: then each row is asked for by its key.
            log.warning("Convoy's list was not read: %s", error)
            self.attempts.ask_whether_it_is_up(run)
            return {} if run.may_go_on() else None

    def _probe(self, row: Row, run: Run) -> bool:
        """As `_is_handled`, until Convoy accepted some rows that it may just not show yet."""
        if run.probed >= self.workers or run.unshown[row.event.owner] >= self.workers:
            run.leave(row)
            return False
        return self._is_handled(row, None, run, run.count_probe)

    def _is_handled(
        self,
        row: Row,
        entries: Sequence[Shown] | None,
        run: Run,
        on_acceptance: Callable[[], None] = lambda: None,
    ) -> bool:
        """Whether Convoy handled the event. If not, what can be done for it is done."""
        if entries is None:
            entries = self._ask_for(row, run)
        if entries is None:
            run.leave(row)
            return False
        found = finding(entries, self.clock(), self.stuck_after)
        match found:
            case Handled():
                return True
            case Missing():
                if self.attempts.publish(row, run):
                    on_acceptance()
            case Stuck():
                self.attempts.replay(row, found, run)
            case Burnt():
                self.attempts.wait_for_original(row, run)
            case _:
                run.leave(row)
        return False

    def _ask_for(self, row: Row, run: Run) -> Sequence[Shown] | None:
        """Convoy's entries under the row's key. None: it did not answer, or time is up."""
        with run.turns:
            if not run.may_go_on():
                return None
            try:
                return self.events.under(row.key, row.event.occurred_at - LONG_BEFORE)
            except NotAnswered as error:
                self.attempts.learn(error.outcome, run)
                return None

    def _tend_deliveries(self, run: Run) -> None:
        """Once a pass, by one of the segments."""
        if self.deliveries is None or self.segment.number != 1 or run.deliveries:
            return
        if not run.may_go_on():
            return
        try:
            run.deliveries = tend(self.deliveries, self.clock(), self.hung_after)
        except NotAnswered as error:
            log.warning("deliveries not looked at: %s", error)

    def _remove(self, rows: Sequence[Row], run: Run) -> bool:
        if run.time_left() < self.reserve_s / 2:
            for row in rows:
                run.leave(row)
            return False
        try:
            self.outbox.remove([row.event.id for row in rows])
        except StoreError as error:
            # They are handled: the next pass finds that out again.
            log.warning("%d settled rows are still there: %s", len(rows), error)
            for row in rows:
                run.leave(row)
            return False
        run.count_settled(len(rows))
        return True
