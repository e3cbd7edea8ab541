"""The relay: asks Convoy for the events in the outbox, and repairs what is missing or stuck.

    due rows ── look up ──▶ handled    take the row out
                        ├─▶ missing    publish again, under the same key
                        ├─▶ stuck      replay
                        └─▶ under way  look again at the next pass

Two relays at once are safe. Convoy delivers an event that both publish once, by its key. A relay's
write to a row is dropped if the other relay has changed the row since it was read.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.domain.ports import StoreError
from app.outbox.deliveries import HUNG_AFTER, check_deliveries
from app.outbox.event_list import STUCK_AFTER, NotAnswered
from app.outbox.read_ahead import ReadAhead
from app.outbox.relay_batches import Batches
from app.outbox.relay_run import Run
from app.outbox.relay_steps import Steps
from app.outbox.rows import FAILED, WAITING, WHOLE
from app.outbox.settling import Settling
from app.outbox.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Executor
    from datetime import datetime, timedelta

    from app.outbox.deliveries import Deliveries
    from app.outbox.event_list import EventList
    from app.outbox.relay_attempts import Attempts, RelayOutbox
    from app.outbox.relay_run import Report
    from app.outbox.rows import Row, Segment

log = logging.getLogger(__name__)

WORKERS = 16
"""Calls to Convoy at the same time. After an outage of an hour, at 90 changes a second, the
deployed relay then has settled all events within another hour: docs/scale.md."""

BATCH_PAGES = 32
"""Pages of the outbox, of up to 1 MB each, in a batch at most: some 77,000 rows, in 140 MB. The
rows of as many further pages may wait for `probe`. Pages that are read while earlier ones are dealt
with are looked up together: the more rows share a page of Convoy's list, the fewer pages a pass
asks for."""

DELETES = 25
"""Rows that DynamoDB deletes in one call (API reference of `BatchWriteItem`)."""


@dataclass(slots=True)
class Relay:
    """`workers` call Convoy at the same time. `reserve_s` of a pass are kept for work in progress.
    `threads` gives so many threads.

    Relays with different segments of the table never read the same rows. A relay remembers where a
    pass stopped that could not read all rows: the next pass goes on from there.
    """

    attempts: Attempts
    events: EventList
    outbox: RelayOutbox
    clock: Callable[[], datetime]
    reserve_s: float
    deliveries: Deliveries | None = None
    workers: int = WORKERS
    threads: Callable[[int], Executor] = ThreadPoolExecutor
    segment: Segment = WHOLE
    stuck_after: timedelta = STUCK_AFTER
    hung_after: timedelta = HUNG_AFTER
    _after: str | None = field(default=None, init=False)

    def run(
        self,
        time_left: Callable[[], float] = lambda: float("inf"),
        on_row: Callable[[], None] = lambda: None,
    ) -> Report:
        """One pass over the outbox; it ends within `time_left()` seconds. `on_row`: after each row.

        Raises StoreError if nothing of the outbox could be read.
        """
        run = Run(time_left, self.reserve_s, threading.Semaphore(self.workers))
        run.partial = self.segment != WHOLE or self._after is not None
        # Twice as many threads as turns: a row is written while the next one is published.
        # One more reads the outbox.
        with self.threads(self.workers * 2 + 1) as threads:
            pages = iter(self.outbox.pages(run.count_unreadable, self.segment, self._after))
            ahead = ReadAhead(pages, threads, lambda: not run.is_out_of_time(), BATCH_PAGES)
            try:
                self._deal_with(ahead, self._batches(ahead, run, threads), run, on_row)
            except StoreError:
                self._after = None  # else the rows before a page that can't be read would wait
                raise
        self._check_deliveries(run)
        return run.report(self.clock())

    def _batches(self, ahead: ReadAhead, run: Run, threads: Executor) -> Batches:
        def arrivals() -> Iterator[Row]:
            return (row for page in ahead.arrivals() for row in page if self._is_due(row))

        steps = Steps(self.attempts, self.events, self.clock, self.stuck_after, self.workers, run)
        settling = Settling(self.outbox, run, Tasks(threads, run), DELETES, arrivals)
        return Batches(steps, settling, Tasks(threads, run), run)

    def _deal_with(
        self, ahead: ReadAhead, batches: Batches, run: Run, on_row: Callable[[], None]
    ) -> None:
        """Deal with the rows until the outbox is read, time is up, or a read fails."""
        since = 0
        for pages in ahead.batches():
            due = [row for page in pages for row in self._due(page, run, on_row)]
            if due:
                self._begin(run)
            batches.deal_with(due)
            for _ in due:
                on_row()
            self._after = next((page[-1].event.id for page in pages[::-1] if page), self._after)
            since += len(pages)
            if since >= BATCH_PAGES:
                batches.probe()
                since = 0
            if run.is_out_of_time():
                break
        batches.probe()
        if ahead.is_complete:
            self._after = None
        else:
            run.partial = True
        if ahead.error is not None:
            run.stop(f"the rest of the outbox could not be read: {ahead.error}")

    def _is_due(self, row: Row) -> bool:
        return row.state == WAITING and row.due_at <= self.clock()

    def _due(self, page: Iterable[Row], run: Run, on_row: Callable[[], None]) -> Iterator[Row]:
        for row in page:
            if self._is_due(row):
                yield row
                continue
            if row.state == FAILED:
                run.count_failed()
            else:
                run.count_pending(row)
                if row.tried_at and row.maybe_accepted and not row.replays:
                    run.count_unshown(row)
            on_row()

    def _begin(self, run: Run) -> None:
        self.attempts.begin(run)
        self._check_deliveries(run)

    def _check_deliveries(self, run: Run) -> None:
        """Once in a pass, and only in the first segment."""
        if self.deliveries is None or self.segment.number != 1 or run.deliveries:
            return
        if not run.may_go_on():
            return
        try:
            run.deliveries = check_deliveries(self.deliveries, self.clock(), self.hung_after)
        except NotAnswered as error:
            log.warning("deliveries not checked: %s", error)
