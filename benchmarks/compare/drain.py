"""The relay after an outage: an outbox on DynamoDB Local, and a Convoy that answers in 20 ms.

Convoy has none of the events. The relay asks for each by its key, and publishes it.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
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
from benchmarks.compare import threads
from benchmarks.compare.filling import fill
from benchmarks.compare.processes import BACKENDS, PEERS, backends, environment, on_core
from benchmarks.compare.tables import Samples, Table, rotated
from benchmarks.compare.threads import Stopwatch
from infra.local import dynamodb_local, tables
from tests.todo import TODO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from app.outbox.outcomes import Outcome, Publisher
    from app.outbox.relay import Relay
    from benchmarks.compare.tables import Cell
    from benchmarks.compare.threads import Pace

RELAY, FLOOR, THREADS = "relay", "floor", "threads"
CONVOY_S = 0.02
SIZES = (100, 1_000, 10_000, 100_000)
WORKERS = (1, 2, 4, 8, 16)
AT_MOST_S = 12.0
"""Seconds of one pass. In a longer one the wait for the first page would count less."""

PAGE_S = 60
"""Seconds that DynamoDB Local may take for a page: it takes some in a table of 100,000 rows."""

WARM_UP_S = 0.5
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def measure(rounds: int, sizes: tuple[int, ...] = SIZES) -> Table:
    """Raises DynamoDBLocalError if DynamoDB Local can't run."""
    rates, cpu = Samples(), Samples()
    with ExitStack() as stack:
        url = stack.enter_context(dynamodb())
        canned = stack.enter_context(backends("--convoy-delay-s", str(CONVOY_S)))
        drain = stack.enter_context(drained(url, canned.url))
        for size in sizes:
            for turn in range(rounds):
                for workers in rotated(WORKERS, turn):
                    for who in rotated((RELAY, FLOOR, THREADS), turn):
                        pace = PACES[who](drain, size, workers)
                        rates.add(f"{who} {size} {workers}", pace.rate)
                        cpu.add(f"{who} {size} {workers}", pace.cpu_ms)
    return _table(rates, cpu, rounds, [(size, workers) for size in sizes for workers in WORKERS])


def _table(rates: Samples, cpu: Samples, rounds: int, cells: list[tuple[int, int]]) -> Table:
    of = {
        (who, size, workers): f"{who} {size} {workers}"
        for who in (RELAY, FLOOR, THREADS)
        for size, workers in cells
    }
    shares, floors = (
        {cell: rates.ratio(of[who, *cell], of[THREADS, *cell]) for cell in cells}
        for who in (RELAY, FLOOR)
    )
    worst = min(cells, key=lambda cell: shares[cell])
    rows: list[list[Cell]] = []
    for cell in cells:
        rate = rates.median(of[RELAY, *cell])
        used = [cpu.measure(of[who, *cell]) for who in (RELAY, FLOOR, THREADS)]
        core = rate * used[0].value / 10
        rows.append([*cell, rate, shares[cell], floors[cell], *used, core])
    return Table(
        name="drain",
        title="Relay: events a second that it publishes",
        note=f"On DynamoDB Local, Convoy answering in {CONVOY_S * 1000:.0f} ms; medians of {rounds}"
        f" passes, each of which ends after {AT_MOST_S:.0f} s. The share: the relay's rate, divided"
        " by that of as many threads that only ask and publish. The floor: the share of threads"
        " that also write to the event's row. If these publish all rows, they read them first, and"
        " ask how far Convoy has come. CPU: milliseconds of one core for each event.",
        columns=(
            "rows", "workers", "a second", "share", "floor",
            "relay's CPU", "floor's CPU", "threads' CPU", "% of the core",
        ),
        rows=rows,
        found={"relay": shares[worst]},
        floors={"relay": floors[worst]},
    )  # fmt: skip


@contextmanager
def dynamodb() -> Iterator[str]:
    """The URL of DynamoDB Local, on the backends' core. Raises DynamoDBLocalError."""
    with ExitStack() as stack:
        with on_core(BACKENDS):
            url = stack.enter_context(dynamodb_local.in_memory())
        yield url


@contextmanager
def drained(dynamodb: str, convoy: str) -> Iterator[Drain]:
    """An outbox in new tables there. This process is on the peers' core."""
    with (
        patch.dict(os.environ, environment(dynamodb, convoy)),
        patch.object(clients, "DYNAMODB", clients.DYNAMODB.merge(Config(read_timeout=PAGE_S))),
        on_core(PEERS),
        closing(Components.build(Settings.load())) as components,
    ):
        yield Drain(components)


@dataclass(slots=True)
class Drain:
    components: Components
    waiting: int = 0

    def __post_init__(self) -> None:
        tables.create_tables(self.components.client, tables.names())

    def pace(self, size: int, workers: int) -> Pace:
        """The pace of the relay that publishes from `size` rows, over open connections."""
        with self.relay(workers) as relay:
            relay.attempts.publisher = noting = _Noting(relay.attempts.publisher)
            self.fill(max(self.waiting, workers))
            self._pass(relay, noting, WARM_UP_S)
            self.fill(size)
            start = time.perf_counter()
            # Another one begins with the first row, not where the warm-up stopped.
            pace, published = self._pass(replace(relay), noting, AT_MOST_S)
            if published != size and time.perf_counter() - start < AT_MOST_S:
                raise RuntimeError(f"the relay published {published} of {size} rows")
            return pace

    @contextmanager
    def relay(self, workers: int) -> Iterator[Relay]:
        """One that leaves deliveries alone."""
        with closing(RelayComponents.build(self.components, workers=workers)) as components:
            components.relay.deliveries = None
            yield components.relay

    def empty(self) -> None:
        for page in self.components.outbox.pages():
            self.remove([row.event.id for row in page])
        self.waiting = 0

    def put(self, events: Iterable[Event]) -> None:
        rows = (self.components.outbox.put(event)["Item"] for event in events)
        fill(self.components.client, self.components.settings.outbox_table, rows)

    def _pass(self, relay: Relay, noting: _Noting, seconds: float) -> tuple[Pace, int]:
        """The pace of one pass, and the events that it published. Removes their rows."""
        stopwatch = Stopwatch()
        until = stopwatch.start_s + seconds + relay.reserve_s
        report = relay.run(lambda: until - time.perf_counter())
        pace = stopwatch.pace(report.published)
        self.remove(noting.published)
        noting.published.clear()
        return pace, report.published

    def remove(self, event_ids: Sequence[str]) -> None:
        for at in range(0, len(event_ids), DELETES):
            self.components.outbox.remove(event_ids[at : at + DELETES])
        self.waiting -= len(event_ids)

    def fill(self, size: int) -> None:
        self.put(self.event() for _ in range(size - self.waiting))
        self.waiting = size

    def event(self) -> Event:
        todo = {"id": 1, "item": "Write the tests", "completed": False, "version": 1}
        return envelope(
            TODO.events.created, event_id=str(uuid4()), owner="everyone", now=LONG_AGO, todo=todo
        )


PACES = {RELAY: Drain.pace, FLOOR: threads.pace_of_floor, THREADS: threads.pace_of_calls}


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
