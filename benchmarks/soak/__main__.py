"""`make soak`: clients, a Convoy that fails and loses, kills midway; a count at the end.

20 clients change todos for a minute against the API under uvicorn, with the relay and a receiver:
each is a process of its own. The stand-in for Convoy fails in turns, then loses its queues; the
API, the relay and the stand-in are killed twice each, and started again. Then the relay goes on
until the outbox is empty, and what was committed is compared with what the receiver got. Then the
time of a mutation: with Convoy healthy, and black-holed before and after the breaker opens.
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
from benchmarks.soak import latencies, stack
from benchmarks.soak.clients import Tally, client
from benchmarks.soak.healing import heal
from benchmarks.soak.outcome import Outcome
from benchmarks.soak.stack import Pace
from benchmarks.soak.trouble import misbehave
from infra.local.dynamodb_local import DynamoDBLocalError

if TYPE_CHECKING:
    from benchmarks.soak.children import Child
    from benchmarks.soak.stack import Stack

CLIENTS, PAUSE_S = 20, 0.2
"""Together some 100 requests a second: the processes share a laptop."""
SECONDS = 60.0
HEAL_S = 120.0
PACE = Pace(settle_after_s=2.0, stuck_after_s=4.0, hung_after_s=6.0, every_s=1)


def main() -> None:
    logging.disable(logging.WARNING)
    with (
        stack.scratch() as folder,
        stack.stand_in(folder) as (convoy, account),
        stack.running(folder, account, "soak", PACE) as under_load,
    ):
        with closing(Components.build(Settings.load())) as parts:
            tally = load(under_load, convoy)
            took = heal(under_load, parts, within_s=HEAL_S, hurry=True)
            problems = Outcome.now(tally, under_load, parts).report()
        print(f"{'healing took':34}{took:.0f} s")
        problems += latencies.report(latencies.measure(under_load.api.url, convoy.url))
        if problems:
            sys.exit("\n".join(["FAILED", *problems]))


def load(under_load: Stack, convoy: Child) -> Tally:
    """Raises what any of its threads raised."""
    tally, until = Tally(), time.monotonic() + SECONDS
    victims = [under_load.relay, convoy, under_load.api]

    def go_on() -> bool:
        return time.monotonic() < until

    with ThreadPoolExecutor(CLIENTS + 1) as threads:
        lost = threads.submit(misbehave, convoy, victims * 2, until)
        clients = [
            threads.submit(client, under_load.api.url, go_on, tally, seed, PAUSE_S)
            for seed in range(CLIENTS)
        ]
    for task in clients:
        task.result()
    kills = {"API": under_load.api, "relay": under_load.relay, "stand-in": convoy}
    print(f"{'kills':34}{ {name: child.kills for name, child in kills.items()} }")
    print(f"{'jobs lost of queues':34}{dict(lost.result())}")
    return tally


if __name__ == "__main__":
    try:
        main()
    except DynamoDBLocalError as error:
        sys.exit(f"error: {error}")
