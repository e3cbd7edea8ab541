"""What the relay is compared with: threads that make its calls to Convoy, and do nothing else.

The floor's threads make all of the relay's calls: they have its clients, and decide nothing.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Semaphore
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.outbox.relay import Relay
    from app.outbox.rows import Row
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
    """Of as many threads that only ask Convoy for an event and publish it, `size` times at most."""
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
    """Of as many threads that publish `size` rows at most, while as many others write to them.

    The first calls of a pass count if these are all rows: among more rows they would not count.
    """
    count = min(size, workers * CALLS_PER_THREAD)
    drain.fill(max(drain.waiting, size + workers))
    with drain.relay(workers) as relay, _dealing(drain, relay, workers) as deal_with:
        deal_with(lambda: _first_rows(relay, workers))
        if count < size:
            rows = _first_rows(relay, count)
            return deal_with(lambda: rows)
        return deal_with(lambda: _all_rows(relay, count))


def _all_rows(relay: Relay, count: int) -> list[Row]:
    """After the first calls of a pass."""
    rows = _first_rows(relay, count)
    relay.events.newest()
    next(iter(relay.events.between(rows[0].published_at, rows[0].published_at)))
    return rows


def _first_rows(relay: Relay, count: int) -> list[Row]:
    return next(iter(relay.outbox.pages(print, relay.segment, None)))[:count]


@contextmanager
def _dealing(
    drain: Drain, relay: Relay, workers: int
) -> Iterator[Callable[[Callable[[], list[Row]]], Pace]]:
    turns = Semaphore(workers)

    def publish(row: Row) -> None:
        with turns:
            relay.events.under(row.key, row.event.occurred_at)
        with turns:
            drain.components.publisher.publish(row.event)
        now = datetime.now(UTC)
        relay.outbox.postpone(row, now=now, due_at=now + LATER, reason="", refused=False)

    def deal_with(read: Callable[[], list[Row]]) -> Pace:
        stopwatch = Stopwatch()
        rows = read()
        list(threads.map(publish, rows))
        pace = stopwatch.pace(len(rows))
        drain.remove([row.event.id for row in rows])
        return pace

    with ThreadPoolExecutor(workers * 2) as threads:
        yield deal_with
