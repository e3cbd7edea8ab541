"""The relay after an outage: an outbox on DynamoDB Local, and a Convoy that answers in 20 ms.

Convoy has none of the events. The relay asks for each by its key, and publishes it.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from unittest.mock import patch
from uuid import uuid4

from botocore.config import Config

from app.domain.events import Event, envelope
from app.outbox.outcomes import Accepted
from app.outbox.relay import DELETES
from app.settings import Settings
from app.wiring import clients
from app.wiring.api import Components
from app.wiring.relay import RelayComponents
from benchmarks.compare.filling import fill
from benchmarks.compare.processes import backends, environment, on_the_peers_core
from benchmarks.compare.tables import Measure, Samples, Table, rotated
from infra.local import dynamodb_local, tables
from tests.todo import TODO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from app.outbox.outcomes import Outcome, Publisher
    from app.outbox.relay import Relay

CONVOY_S = 0.02
SIZES = (100, 1_000, 10_000, 100_000)
WORKERS = (1, 2, 4, 8, 16)
AT_MOST_S = 12.0
"""Seconds of one pass. In a longer one the wait for the first page would count less."""

PAGE_S = 60
"""Seconds that DynamoDB Local may take for a page: it takes some in a table of 100,000 rows."""

WARM_UP_S, CALLS_PER_THREAD = 0.5, 25
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def measure(rounds: int, sizes: tuple[int, ...] = SIZES) -> Table:
    """Raises DynamoDBLocalError if DynamoDB Local can't run."""
    rates, most = Samples(), Samples()
    with ExitStack() as stack:
        url = stack.enter_context(dynamodb_local.in_memory())
        canned = stack.enter_context(backends("--convoy-delay-s", str(CONVOY_S)))
        drain = stack.enter_context(drained(url, canned.url))
        for size in sizes:
            for turn in range(rounds):
                for workers in rotated(WORKERS, turn):
                    cell = f"{size} {workers}"
                    most.add(cell, drain.rate_of_calls(workers))
                    rates.add(cell, drain.rate(size, workers))
    shares = {cell: _shares(rates, most, cell) for cell in rates.of}
    return Table(
        name="drain",
        title="Relay: events a second that it publishes",
        note=f"On DynamoDB Local, Convoy answering in {CONVOY_S * 1000:.0f} ms; medians of {rounds}"
        f" passes, each of which ends after {AT_MOST_S:.0f} s. The share is of what so many threads"
        " ask for and publish that do nothing else.",
        columns=(
            "rows",
            *(cell for count in WORKERS for cell in (f"{count} worker{'s'[: count > 1]}", "share")),
        ),
        rows=[
            [
                size,
                *(
                    cell
                    for workers in WORKERS
                    for cell in (rates.median(f"{size} {workers}"), shares[f"{size} {workers}"])
                ),
            ]
            for size in sizes
        ],
        found={"relay": min(shares.values())},
    )


def _shares(rates: Samples, most: Samples, cell: str) -> Measure:
    pairs = zip(rates.of[cell], most.of[cell], strict=True)
    return Measure.of(rate / best for rate, best in pairs)


@contextmanager
def drained(dynamodb: str, convoy: str) -> Iterator[Drain]:
    """An outbox in new tables there. This process is on the peers' core."""
    with (
        patch.dict(os.environ, environment(dynamodb, convoy)),
        patch.object(clients, "DYNAMODB", clients.DYNAMODB.merge(Config(read_timeout=PAGE_S))),
        on_the_peers_core(),
        closing(Components.build(Settings.load())) as components,
    ):
        yield Drain(components)


@dataclass(slots=True)
class Drain:
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
        with self.relay(workers) as relay:
            relay.attempts.publisher = noting = _Noting(relay.attempts.publisher)
            self._fill(max(self.waiting, workers))
            self._pass(relay, noting, WARM_UP_S)
            self._fill(size)
            return self._pass(relay, noting, AT_MOST_S)

    @contextmanager
    def relay(self, workers: int) -> Iterator[Relay]:
        """One that leaves deliveries alone."""
        with closing(RelayComponents.build(self.components, workers=workers)) as components:
            components.relay.deliveries = None
            yield components.relay

    def empty(self) -> None:
        for page in self.components.outbox.pages():
            self._remove([row.event.id for row in page])
        self.waiting = 0

    def put(self, events: Iterable[Event]) -> None:
        rows = (self.components.outbox.put(event)["Item"] for event in events)
        fill(self.components.client, self.components.settings.outbox_table, rows)

    def _pass(self, relay: Relay, noting: _Noting, seconds: float) -> float:
        """Events a second of one pass. Removes their rows."""
        start = time.perf_counter()
        until = start + seconds + relay.reserve_s
        report = relay.run(lambda: until - time.perf_counter())
        took = time.perf_counter() - start
        self._remove(noting.published)
        noting.published.clear()
        self.waiting -= report.published
        return report.published / took

    def _remove(self, event_ids: Sequence[str]) -> None:
        for at in range(0, len(event_ids), DELETES):
            self.components.outbox.remove(event_ids[at : at + DELETES])

    def _fill(self, size: int) -> None:
        self.put(self._event() for _ in range(size - self.waiting))
        self.waiting = size

    def _event(self) -> Event:
        todo = {"id": 1, "item": "Write the tests", "completed": False, "version": 1}
        return envelope(
            TODO.events.created, event_id=str(uuid4()), owner="everyone", now=LONG_AGO, todo=todo
        )


@dataclass(frozen=True, slots=True)
class _Noting:
    """Keeps the ids of the events: their rows are removed after the pass."""

    inner: Publisher
    published: list[str] = field(default_factory=list)

    def publish(self, event: Event) -> Outcome:
        outcome = self.inner.publish(event)
        if isinstance(outcome, Accepted):
            self.published.append(event.id)
        return outcome
