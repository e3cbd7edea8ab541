"""The relay's CPU on this machine: its rows published, and rows read and left, on canned backends.

A process of its own answers as DynamoDB and as Convoy; what is counted is the relay's.
"""

from __future__ import annotations

import logging
import os
import time
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from app import todos
from app.config import Settings
from app.dynamodb import outbox_table
from app.outbox.relay import Relay
from app.outbox.rows import Row
from app.todos import Todo
from app.wiring import Parts, now
from benchmarks.compare import backends, processes
from benchmarks.scale.assumptions import ITEM, OWNER, PUBLISH_S

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.dynamodb.outbox_table import OutboxTable


ROUNDS = 7
WORKERS = 50
PAGE = 1500
"""Rows: a megabyte of them."""


class Paged:
    """The outbox with pages of our own, and the rest as it is."""

    def __init__(self, outbox: OutboxTable, page: list[Row]) -> None:
        self._page = page
        self.ack, self.postpone, self.park = outbox.ack, outbox.postpone, outbox.park

    def pages(self, *_: object) -> Iterable[list[Row]]:
        return [self._page]


def rows() -> list[Row]:
    """A page of them, due a minute ago."""
    then = now() - timedelta(minutes=1)
    changes = (
        todos.create(
            Todo(OWNER, 2**52 + n, ITEM), now=then, event_id=f"fda3c152-30d6-4111-8c99-{n:012}"
        )
        for n in range(PAGE)
    )
    return [Row(change.event, due_at=then) for change in changes]


def cpu_s(relay: Relay) -> float:
    """Seconds for each row, of the run that was disturbed the least."""
    samples = []
    for _ in range(ROUNDS):
        started = time.process_time()
        relay.run()
        samples.append((time.process_time() - started) / PAGE)
    return min(samples)


def measure() -> tuple[float, float]:
    """A row that is published and taken out; one that is read and left."""
    logging.disable(logging.ERROR)
    delay = ("--convoy-delay-s", str(PUBLISH_S))
    with processes.backends(*delay, module="benchmarks.scale.measure") as canned:
        os.environ |= processes.environment(canned.url, canned.url)
        with closing(Parts.build(Settings.load())) as parts:
            relay = Relay(parts.publisher, Paged(parts.outbox, rows()), now, lambda: 0.0, WORKERS)
            published = cpu_s(relay)
            relay.outbox = parts.outbox
            return published, cpu_s(relay)


def main() -> None:
    """Run the backends, which scan a page of rows that are not due."""
    later = now() + timedelta(days=1)
    items = [outbox_table._item(replace(row, due_at=later)) for row in rows()]
    scan = {"Items": items, "Count": PAGE, "ScannedCount": PAGE}
    backends.ANSWERS["Scan"] = backends.dynamodb(scan)
    backends.main()


if __name__ == "__main__":
    main()
