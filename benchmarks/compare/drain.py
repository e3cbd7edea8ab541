"""The relay after an outage: an outbox on DynamoDB Local, and a Convoy that answers in 20 ms.

Convoy has none of the events. The relay asks for each by its key, and publishes it.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from unittest.mock import patch
from uuid import uuid4

from app.domain.events import Event, envelope
from app.outbox.relay import DELETES
from app.resources.todo import TODO
from app.settings import Settings
from app.wiring.api import Components
from app.wiring.relay import RelayComponents
from benchmarks.compare.filling import fill
from benchmarks.compare.processes import backends, environment, on_the_peers_core
from benchmarks.compare.tables import Table
from infra.local import dynamodb_local, tables

if TYPE_CHECKING:
    from app.outbox.relay import Relay

CONVOY_S = 0.02
SIZES = (100, 1_000, 10_000, 100_000)
WORKERS = (1, 2, 4, 8)
AT_MOST_S = 12.0
"""Seconds of one pass. A longer one would publish more rows, at the same rate."""

WARM_UP_S, CALLS_PER_THREAD = 0.5, 50
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def measure(sizes: tuple[int, ...] = SIZES) -> Table:
    """Raises DynamoDBLocalError if DynamoDB Local can't run."""
    rows: list[list[str | float]] = []
    shares: list[float] = []
    with ExitStack() as stack:
        url = stack.enter_context(dynamodb_local.in_memory())
        canned = stack.enter_context(backends("--convoy-delay-s", str(CONVOY_S)))
        stack.enter_context(patch.dict(os.environ, environment(url, canned.url)))
        stack.enter_context(on_the_peers_core())
        drain = _Drain(stack.enter_context(closing(Components.build(Settings.load()))))
        for size in sizes:
            row: list[str | float] = [size]
            for workers in WORKERS:
                most = drain.rate_of_calls(workers)
                rate = drain.rate(size, workers)
                row += [rate, rate / most]
                shares.append(rate / most)
            rows.append(row)
    return Table(
        name="drain",
        title="Relay: events a second out of the outbox",
        note=f"On DynamoDB Local, Convoy answering in {CONVOY_S * 1000:.0f} ms; a pass ends after"
        f" {AT_MOST_S:.0f} s. The share is of what so many threads ask for and publish that do"
        " nothing else.",
        columns=(
            "rows",
            *(cell for count in WORKERS for cell in (f"{count} worker{'s'[: count > 1]}", "share")),
        ),
        rows=rows,
        found={"relay": min(shares)},
    )


@dataclass(slots=True)
class _Drain:
    components: Components
    waiting: int = 0

    def __post_init__(self) -> None:
        tables.create_tables(self.components.client, tables.names())

    def rate_of_calls(self, workers: int) -> float:
        """Events a second of as many threads that only ask Convoy for an event and publish it."""
        event = self._event()

        def call(_: int) -> None:
            for _ in range(CALLS_PER_THREAD):
                relay.events.under(event.id, event.occurred_at)
                self.components.publisher.publish(event)

        with (
            closing(RelayComponents.build(self.components)) as relay,
            ThreadPoolExecutor(workers) as threads,
        ):
            list(threads.map(call, range(workers)))
            start = time.perf_counter()
            list(threads.map(call, range(workers)))
            return workers * CALLS_PER_THREAD / (time.perf_counter() - start)

    def rate(self, size: int, workers: int) -> float:
        """Events a second that the relay publishes from `size` rows, over open connections."""
        with closing(RelayComponents.build(self.components, workers=workers)) as components:
            relay = components.relay
            relay.deliveries = None
            self._fill(max(self.waiting, workers))
            self._pass(relay, WARM_UP_S)
            self._fill(size)
            return self._pass(relay, AT_MOST_S)

    def _pass(self, relay: Relay, seconds: float) -> float:
        """Events a second of one pass. Removes their rows."""
        start = time.perf_counter()
        until = start + seconds + relay.reserve_s
        report = relay.run(lambda: until - time.perf_counter())
        took = time.perf_counter() - start
        for page in self.components.outbox.pages():
            tried = [row.event.id for row in page if row.attempts]
            for at in range(0, len(tried), DELETES):
                self.components.outbox.remove(tried[at : at + DELETES])
        self.waiting -= report.published
        return report.published / took

    def _fill(self, size: int) -> None:
        rows = (
            self.components.outbox.put(self._event())["Item"] for _ in range(size - self.waiting)
        )
        fill(self.components.client, self.components.settings.outbox_table, rows)
        self.waiting = size

    def _event(self) -> Event:
        todo = {"id": 1, "item": "Write the tests", "completed": False, "version": 1}
        return envelope(
            TODO.events.created, event_id=str(uuid4()), owner="everyone", now=LONG_AGO, todo=todo
        )
