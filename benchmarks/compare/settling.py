"""The relay when Convoy has the events: it finds them in Convoy's list, and deletes their rows."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from app.domain.events import envelope
from app.outbox.relay import WORKERS
from benchmarks.compare import drain, listed
from benchmarks.compare.processes import backends
from benchmarks.compare.tables import Samples, Table
from tests.todo import TODO

if TYPE_CHECKING:
    from app.domain.events import Event

SIZES = (1_000, 10_000, 100_000)
JUDGED = 10_000
"""Rows at which the targets count: 10 s of 1,000 changes a second. Their titles say so."""


def measure(rounds: int, sizes: tuple[int, ...] = SIZES) -> Table:
    """Raises DynamoDBLocalError if DynamoDB Local can't run."""
    rates, published = Samples(), "published"
    judged = f"{min(max(sizes), JUDGED)}"
    with ExitStack() as stack:
        url = stack.enter_context(drain.dynamodb())
        options = ("--events", str(max(sizes)), "--convoy-delay-s", str(drain.CONVOY_S))
        canned = stack.enter_context(backends(*options, module=listed.__name__))
        outbox = stack.enter_context(drain.drained(url, canned.url))
        for _ in range(rounds):
            for size in sizes:
                rates.add(f"{size}", _rate(outbox, size))
            rates.add(published, outbox.pace(int(judged), WORKERS).rate)
            outbox.empty()
    return Table(
        name="settling",
        title="Relay: events a second that it settles",
        note=f"On DynamoDB Local, with {WORKERS} workers; medians of {rounds} passes. Convoy has"
        f" every event, and its list takes {drain.CONVOY_S * 1000:.0f} ms for each"
        f" {listed.ENTRIES_PER_DELAY} events. The ratio is to publishing {int(judged):,} rows.",
        columns=("rows", "a second", "ratio"),
        rows=[
            [size, rates.measure(f"{size}"), rates.ratio(f"{size}", published)] for size in sizes
        ],
        found={
            "settling": rates.measure(judged),
            "settling / publishing": rates.ratio(judged, published),
        },
    )


def _rate(outbox: drain.Drain, size: int) -> float:
    """Rows a second of a pass that leaves none."""
    outbox.put(map(_event, range(size)))
    with outbox.relay(WORKERS) as relay:
        start = time.perf_counter()
        report = relay.run()
        took = time.perf_counter() - start
    if report.settled != size:
        raise RuntimeError(f"the relay settled {report.settled} of {size} rows: {report}")
    return size / took


def _event(number: int) -> Event:
    todo = {"id": number, "item": "Write the tests", "completed": False, "version": 1}
    return envelope(
        TODO.events.created,
        event_id=listed.event_id(number),
        owner="everyone",
        now=listed.accepted_at(number),
        todo=todo,
    )
