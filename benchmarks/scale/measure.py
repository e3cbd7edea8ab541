"""The relay's CPU on this machine: its rows published, and rows read and left, on canned backends.

A process of its own answers as DynamoDB and as Convoy; what is counted is the relay's.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from app import outbox_table, todos
from app.config import Settings
from app.outbox_table import OutboxTable, Row
from app.relay import Relay
from app.todos import Todo
from app.wiring import Parts, now
from benchmarks.compare import backends
from benchmarks.scale.assumptions import ITEM, OWNER, PUBLISH_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


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
    with answering() as port:
        os.environ |= environment(port)
        with closing(Parts.build(Settings.load())) as parts:
            relay = Relay(parts.publisher, Paged(parts.outbox, rows()), now, lambda: 0.0, WORKERS)
            published = cpu_s(relay)
            relay.outbox = parts.outbox
            return published, cpu_s(relay)


def environment(port: int) -> dict[str, str]:
    url = f"http://{backends.HOST}:{port}"
    names = dict.fromkeys(("TODOS_TABLE", "OUTBOX_TABLE", "IDEMPOTENCY_TABLE"), "canned")
    return names | {
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_ENDPOINT_URL_DYNAMODB": url,
        "CONVOY_API_KEY": "key",
        "CONVOY_APP_ID": OWNER,
        "CONVOY_BASE_URL": f"{url}/api",
        "CONVOY_PROJECT_ID": "project",
    }


@contextmanager
def answering() -> Iterator[int]:
    """The canned backends, which scan a page of rows that are not due; gives their port."""
    command = [sys.executable, "-m", "benchmarks.scale.measure", "--convoy-delay-s", str(PUBLISH_S)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def main() -> None:
    """Run the backends."""
    later = now() + timedelta(days=1)
    items = [outbox_table._item(replace(row, due_at=later)) for row in rows()]
    scan = {"Items": items, "Count": PAGE, "ScannedCount": PAGE}
    backends.ANSWERS["Scan"] = backends.dynamodb(scan)
    backends.main()


if __name__ == "__main__":
    main()
