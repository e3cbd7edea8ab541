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
from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.ports import StoreError
from app.outbox import horizon
from app.outbox.deliveries import HUNG_AFTER, check_deliveries
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
    from concurrent.futures import Executor
    from datetime import datetime

    from app.outbox.deliveries import Deliveries
    from app.outbox.event_list import EventList, Finding, Shown
    from app.outbox.look_up import Sightings
    from app.outbox.relay_attempts import Attempts, RelayOutbox
    from app.outbox.relay_run import Report
    from app.outbox.rows import Row, Segment

log = logging.getLogger(__name__)

WORKERS = 16
"""Calls to Convoy at the same time. After an outage of an hour, at 90 changes a second, the
deployed relay then has settled all events within another hour: docs/scale.md."""

BATCH_PAGES = 32
"""Pages of the outbox, of up to 1 MB each, that are looked up together: some 77,000 rows, in 140 MB
of memory. The more rows share a page of Convoy's list, the fewer pages a pass asks for."""

DELETES = 25
"""Rows that DynamoDB deletes in one call (API reference of `BatchWriteItem`)."""

LONG_BEFORE = timedelta(hours=1)
"""How long before an event's own time Convoy is searched for it: clocks differ."""


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
        with self.threads(self.workers * 2) as threads:
            for due in self._batches(run, on_row):
                self._settle(due, run, threads)
                for _ in due:
                    on_row()
        self._check_deliveries(run)
        return run.report(self.clock())

    def _batches(self, run: Run, on_row: Callable[[], None]) -> Iterator[list[Row]]:
        """The due rows in batches, until the outbox is read, time is up, or a read fails."""
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
                run.count_pending(row)
                if row.tried_at and row.maybe_accepted and not row.replays:
                    run.count_unshown(row)
            on_row()

    def _settle(self, due: Sequence[Row], run: Run, threads: Executor) -> None:
        """Remove handled rows. For each other row, do what its finding requires."""
        seen = self._look_up(due, run)
        if seen is None:
            for row in due:
                run.count_pending(row)
            return
        for entries in seen.values():
            run.advance_horizon(horizon.latest_acceptance(entries))
        handled: list[Row] = []
        clear: list[Row] = []
        unclear: list[Row] = []
        for row in due:
            shown = seen.get(row.key)
            if shown and isinstance(self._finding(shown), Handled):
                # It needs no call: between the others it would only delay its owner's turn.
                handled.append(row)
            elif shown or horizon.would_be_shown(row, run.horizon):
                clear.append(row)
            else:
                unclear.append(row)
        unclear.sort(key=lambda row: row.published_at, reverse=True)
        tasks = Tasks(threads, run)
        for row in interleaved(clear):
            tasks.add([row], self._is_handled, row, seen.get(row.key), run)
        for row in interleaved(unclear):
            tasks.add([row], self._probe, row, run)
        handled += tasks.rows_done()
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
        self._check_deliveries(run)
        try:
            return look_up(due, self.events, run.may_go_on)
        except NotAnswered as error:
            # A page may be too long for its deadline: then each row is looked up by its key.
            log.warning("Convoy's list was not read: %s", error)
            self.attempts.ask_whether_convoy_is_up(run)
            return {} if run.may_go_on() else None

    def _probe(self, row: Row, run: Run) -> bool:
        """As `_is_handled`, for a row that Convoy may not show yet; only for a few such rows."""
        if run.probed >= self.workers or run.unshown[row.event.owner] >= self.workers:
            run.count_pending(row)
            return False
        return self._is_handled(row, None, run, run.count_probe)

    def _is_handled(
        self,
        row: Row,
        entries: Sequence[Shown] | None,
        run: Run,
        on_acceptance: Callable[[], None] = lambda: None,
    ) -> bool:
        """Whether Convoy handled the event. If not, take the next step for the event."""
        if entries is None:
            entries = self._ask_for(row, run)
        if entries is None:
            run.count_pending(row)
            return False
        found = self._finding(entries)
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
                run.count_pending(row)
        return False

    def _finding(self, entries: Sequence[Shown]) -> Finding:
        return finding(entries, self.clock(), self.stuck_after)

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

    def _remove(self, rows: Sequence[Row], run: Run) -> bool:
        if run.time_left() < self.reserve_s / 2:
            for row in rows:
                run.count_pending(row)
            return False
        try:
            self.outbox.remove([row.event.id for row in rows])
        except StoreError as error:
            # Their events are handled: the next pass finds them handled again.
            log.warning("%d settled rows were not removed: %s", len(rows), error)
            for row in rows:
                run.count_pending(row)
            return False
        run.count_settled(len(rows))
        return True
