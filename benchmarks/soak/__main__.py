"""`make soak`: load, with a Convoy that fails and loses jobs, and kills; then a count.

For a minute 20 clients change todos through the API under uvicorn. The API, the relay and a
receiver are separate processes. The stand-in for Convoy fails in several ways, and then loses its
queues. The API, the relay and the stand-in are each killed twice, and started again. Then the relay
goes on until the outbox is empty, and the report compares committed with received events. At last
the time of a mutation is measured: with a healthy Convoy, and with one that never answers, before
and after the breaker opens.
"""

from __future__ import annotations

import logging
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

from app.settings import Settings
from app.wiring.api import Components
from benchmarks import todo
from benchmarks.soak import latencies, stack
from benchmarks.soak.clients import Answers, client
from benchmarks.soak.healing import heal
from benchmarks.soak.outcome import Outcome
from benchmarks.soak.stack import Pace
from benchmarks.soak.trouble import cause_trouble
from infra.local.dynamodb_local import DynamoDBLocalError

if TYPE_CHECKING:
    from benchmarks.soak.children import Child
    from benchmarks.soak.stack import Stack

CLIENTS, PAUSE_S = 20, 0.2
"""In all about 100 requests a second: all processes share one laptop."""
SECONDS = 60.0
HEAL_S = 120.0
PACE = Pace(settle_after_s=2.0, stuck_after_s=4.0, hung_after_s=6.0, every_s=1)


def main() -> None:
    todo.require("make soak")
    logging.disable(logging.WARNING)
    with (
        stack.scratch() as folder,
        stack.stand_in(folder) as (convoy, account),
        stack.under_load(folder, account, "soak", PACE) as under_load,
    ):
        with closing(Components.build(Settings.load())) as components:
            answers = load(under_load, convoy)
            took = heal(under_load, components, within_s=HEAL_S, hurry=True)
            problems = Outcome.now(answers, under_load, components).report()
        print(f"{'healing took':34}{took:.0f} s")
        problems += latencies.report(latencies.measure(under_load.api.url, convoy.url))
        if problems:
            sys.exit("\n".join(["FAILED", *problems]))


def load(under_load: Stack, convoy: Child) -> Answers:
    """Raises the error of any of its threads."""
    answers, until = Answers(), time.monotonic() + SECONDS
    killed = [under_load.relay, convoy, under_load.api]

    def go_on() -> bool:
        return time.monotonic() < until

    with ThreadPoolExecutor(CLIENTS + 1) as threads:
        lost = threads.submit(cause_trouble, convoy, killed * 2, until)
        clients = [
            threads.submit(client, under_load.api.url, go_on, answers, seed, PAUSE_S)
            for seed in range(CLIENTS)
        ]
    for task in clients:
        task.result()
    kills = {"API": under_load.api, "relay": under_load.relay, "stand-in": convoy}
    print(f"{'kills':34}{ {name: child.kills for name, child in kills.items()} }")
    print(f"{'jobs lost from queues':34}{dict(lost.result())}")
    return answers


if __name__ == "__main__":
    try:
        main()
    except DynamoDBLocalError as error:
        sys.exit(f"error: {error}")
