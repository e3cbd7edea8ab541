"""`make soak`: clients, a Convoy that fails at random, kills midway, and a count at the end.

20 clients change todos for 30 s against the API under uvicorn, a relay runs beside, and the
stand-in is told to fail in turns; the API is killed after 10 s and Convoy after 20, and each is
started again. Then Convoy stays up, the relay drains the outbox, and what was committed is compared
with what arrived. Then the time of a mutation: with Convoy healthy, and black-holed before and
after the breaker opens.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from app.config import Settings
from app.wiring import Parts
from benchmarks.soak import latencies, stack, trouble
from benchmarks.soak.clients import Tally, client
from benchmarks.soak.report import report
from infra.local.dynamodb_local import DynamoDBLocalError

if TYPE_CHECKING:
    from benchmarks.soak.stack import Stack

CLIENTS = 20
SECONDS = 30.0


def main() -> None:
    logging.disable(logging.WARNING)  # the relay's: Convoy refuses as it was told to
    with tempfile.TemporaryDirectory() as scratch, stack.running(Path(scratch)) as under_load:
        with closing(Parts.build(Settings.load())) as parts:
            tally = load(under_load, parts)
            trouble.drain(parts)
        received = httpx.get(f"{under_load.convoy.url}/inbox", timeout=30).json()["events"]
        problems = report(tally, received)
        problems += latencies.report(latencies.measure(under_load))
    if problems:
        sys.exit("\n".join(["FAILED", *problems]))


def load(under_load: Stack, parts: Parts) -> Tally:
    """Raises what any of its threads raised."""
    tally, until = Tally(), time.monotonic() + SECONDS
    with ThreadPoolExecutor(CLIENTS + 2) as threads:
        tasks = [
            *(
                threads.submit(client, under_load.api.url, until, tally, seed)
                for seed in range(CLIENTS)
            ),
            threads.submit(trouble.misbehave, under_load, until),
            threads.submit(trouble.relay, parts, until),
        ]
    for task in tasks:
        task.result()
    return tally


if __name__ == "__main__":
    try:
        main()
    except DynamoDBLocalError as error:
        sys.exit(f"error: {error}")
