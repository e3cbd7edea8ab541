"""`make chaos`: a real Convoy whose processes are killed at random while changes are made.

The address, key and project of the Convoy are CONVOY_E2E_URL, CONVOY_E2E_API_KEY and
CONVOY_E2E_PROJECT_ID. The API, the relay, a receiver and DynamoDB Local run beside it. Once all
kills are done and Convoy is up, the relay heals, and what the receiver got is compared with what
was committed. Exit code 1: something was lost, or is not as it was committed.

    make chaos ARGS="--process server=/run/server.pid:/opt/start-server.sh
        --process redis=/run/redis.pid:/opt/start-redis.sh --restart-after redis=server"
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import secrets
import sys
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import closing
from typing import TYPE_CHECKING

from app.convoy_admin.project import ConvoyError
from app.settings import Settings
from app.wiring.api import Components
from benchmarks.chaos.victims import Chaos, Victim
from benchmarks.soak import stack
from benchmarks.soak.clients import Tally, client
from benchmarks.soak.healing import heal
from benchmarks.soak.outcome import Outcome
from benchmarks.soak.stack import Account, Pace, Stack
from infra.local.dynamodb_local import DynamoDBLocalError

if TYPE_CHECKING:
    from collections import Counter

CLIENTS = 8


def main() -> None:
    options = _options()
    account = Account(*_named("CONVOY_E2E_URL", "CONVOY_E2E_API_KEY", "CONVOY_E2E_PROJECT_ID"))
    pace = Pace(
        options.settle_after_s, options.stuck_after_s, options.hung_after_s, options.every_s
    )
    logging.disable(logging.WARNING)
    with (
        stack.scratch() as folder,
        stack.running(folder, account, f"chaos-{secrets.token_hex(4)}", pace) as under_load,
        closing(Components.build(Settings.load())) as parts,
    ):
        started = time.monotonic()
        tally, kills = load(under_load, options)
        print(f"{'mutations answered':34}{len(tally.events)}")
        print(f"{'kills':34}{kills.total()} {dict(kills)}")
        print(f"{'mutations and kills took':34}{time.monotonic() - started:.0f} s", flush=True)
        took = heal(under_load, parts, within_s=options.heal_s, hurry=False)
        problems = Outcome.now(tally, under_load, parts).report()
        print(f"{'healing took':34}{took:.0f} s")
        if problems:
            sys.exit("\n".join(["FAILED", *problems]))


def load(under_load: Stack, options: argparse.Namespace) -> tuple[Tally, Counter[str]]:
    """Changes and kills, until there were enough of both. Raises what any thread raised."""
    tally = Tally()
    after = {name: names.split(",") for name, names in options.restart_after}
    chaos = Chaos(options.process, after, random.Random(options.seed))
    ended = threading.Event()

    def go_on() -> bool:
        return not ended.is_set()

    def kill() -> None:
        chaos.kill_at_random(options.kills, go_on)
        while len(tally.events) < options.mutations and go_on():
            time.sleep(0.1)
        ended.set()

    with ThreadPoolExecutor(CLIENTS + 1) as threads:
        pause_s = CLIENTS / options.rate
        tasks = [
            threads.submit(client, under_load.api.url, go_on, tally, seed, pause_s)
            for seed in range(CLIENTS)
        ]
        tasks.append(threads.submit(kill))
        wait(tasks, return_when=FIRST_EXCEPTION)
        ended.set()
    for task in tasks:
        task.result()
    return tally, chaos.kills


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add(
        "--process",
        action="append",
        required=True,
        type=Victim.named,
        metavar="NAME=PID_OR_FILE:COMMAND",
        help="a process of Convoy's: its id or the file that has it, and what starts it again",
    )
    add(
        "--restart-after",
        action="append",
        default=[],
        type=lambda text: tuple(text.split("=", 1)),
        metavar="NAME=NAME,…",
        help="what is restarted after a kill of the first: server and agent after Redis",
    )
    add("--mutations", type=int, default=2000)
    add("--kills", type=int, default=40)
    add("--rate", type=float, default=10.0, help="requests a second")
    add("--seed", type=int, default=1, help="of the choice of victims")
    add("--heal-s", type=float, default=1800.0, help="seconds for healing, at the most")
    add("--settle-after-s", type=float, default=60.0)
    add("--stuck-after-s", type=float, default=120.0)
    add("--hung-after-s", type=float, default=600.0)
    add("--every-s", type=int, default=60, help="seconds between two passes of the relay")
    return parser.parse_args()


def _named(*names: str) -> list[str]:
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        sys.exit(f"error: a Convoy is needed. Set {', '.join(missing)}.")
    return [os.environ[name] for name in names]


if __name__ == "__main__":
    try:
        main()
    except (ConvoyError, DynamoDBLocalError) as error:
        sys.exit(f"error: {error}")
