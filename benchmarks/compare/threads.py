"""Threads that the relay is compared with: they have its clients, and decide nothing."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Semaphore
from typing import TYPE_CHECKING, NamedTuple, NoReturn

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from app.outbox.relay import Relay
    from app.outbox.rows import Row, UnreadableRow
    from benchmarks.compare.drain import Drain

CALLS_PER_THREAD = 25
LATER = timedelta(minutes=1)


class Pace(NamedTuple):
    """Events a second, and the milliseconds of this process's CPU for each event."""

    rate: float
    cpu_ms: float


@dataclass(slots=True)
class Stopwatch:
    start_s: float = field(default_factory=time.perf_counter)
    cpu_s: float = field(default_factory=time.process_time)

    def pace(self, events: int) -> Pace:
        took, used = time.perf_counter() - self.start_s, time.process_time() - self.cpu_s
        return Pace(events / took, used * 1000 / events)


def pace_of_calls(drain: Drain, size: int, workers: int) -> Pace:
    """The pace of threads that only ask for an event and publish it, `size` times at most."""
    event = drain.event()

    def call(_: int) -> None:
        relay.events.under(event.id, event.occurred_at)
        drain.components.publisher.publish(event)

    with drain.relay(workers) as relay, ThreadPoolExecutor(workers) as threads:
        list(threads.map(call, range(workers)))
        stopwatch = Stopwatch()
        count = min(size, workers * CALLS_PER_THREAD)
        list(threads.map(call, range(count)))
        return stopwatch.pace(count)


def pace_of_floor(drain: Drain, size: int, workers: int) -> Pace:
    """The pace of threads that publish `size` rows at most, while as many others write to them.

    The first calls of a pass count if these are all rows.
    """
    count = min(size, workers * CALLS_PER_THREAD)
    drain.fill(max(drain.waiting, size + workers))
    with drain.relay(workers) as relay, ThreadPoolExecutor(workers * 2) as threads:
        floor = _Floor(drain, relay, threads, Semaphore(workers))
        floor.deal_with(_first_rows(relay, workers))
        floor.remove()
        rows = _first_rows(relay, count)
        stopwatch = Stopwatch()
        if count == size:
            rows = _all_rows(relay, count)
        floor.deal_with(rows)
        pace = stopwatch.pace(count)
        floor.remove()
        return pace


def _all_rows(relay: Relay, count: int) -> list[Row]:
    """After the first calls of a pass."""
    rows = _first_rows(relay, count)
    relay.events.newest()
    next(iter(relay.events.between(rows[0].published_at, rows[0].published_at)))
    return rows


def _give_up(error: UnreadableRow) -> NoReturn:
    raise error


def _first_rows(relay: Relay, count: int) -> list[Row]:
    return next(iter(relay.outbox.pages(_give_up, relay.segment, None)))[:count]


@dataclass(slots=True)
class _Floor:
    drain: Drain
    relay: Relay
    threads: Executor
    turns: Semaphore
    done: list[str] = field(default_factory=list)

    def deal_with(self, rows: list[Row]) -> None:
        list(self.threads.map(self._deal_with, rows))
        self.done += [row.event.id for row in rows]

    def remove(self) -> None:
        self.drain.remove(self.done)
        self.done.clear()

    def _deal_with(self, row: Row) -> None:
        with self.turns:
            self.relay.events.under(row.key, row.event.occurred_at)
        with self.turns:
            self.drain.components.publisher.publish(row.event)
        now = datetime.now(UTC)
        self.relay.outbox.postpone(row, now=now, due_at=now + LATER, reason="", refused=False)
