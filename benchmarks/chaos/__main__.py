"""`make chaos`: load, with a real Convoy whose processes are killed at random.

CONVOY_E2E_URL, CONVOY_E2E_API_KEY and CONVOY_E2E_PROJECT_ID name the Convoy. The API, the relay, a
receiver and DynamoDB Local run on this machine. After the last kill Convoy is started again, the
relay heals, and the report compares the received with the committed events. Exit code 1: an event
was lost, or is not as it was committed.

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

from app.convoy_admin.calls import ConvoyError
from app.settings import Settings
from app.wiring.api import Components
from benchmarks import todo
from benchmarks.chaos.killed_processes import Chaos, KilledProcess
from benchmarks.soak import stack
from benchmarks.soak.clients import Answers, client
from benchmarks.soak.healing import heal
from benchmarks.soak.outcome import Outcome
from benchmarks.soak.stack import Account, Pace, Stack
from infra.local.dynamodb_local import DynamoDBLocalError

if TYPE_CHECKING:
    from collections import Counter

CLIENTS = 8


def main() -> None:
    todo.require("make chaos")
    options = _options()
    account = Account(
        *_from_environment("CONVOY_E2E_URL", "CONVOY_E2E_API_KEY", "CONVOY_E2E_PROJECT_ID")
    )
    pace = Pace(
        options.settle_after_s, options.stuck_after_s, options.hung_after_s, options.every_s
    )
    logging.disable(logging.WARNING)
    with (
        stack.scratch() as folder,
        stack.under_load(folder, account, f"chaos-{secrets.token_hex(4)}", pace) as under_load,
        closing(Components.build(Settings.load())) as components,
    ):
        started = time.monotonic()
        answers, kills = load(under_load, options)
        print(f"{'mutations answered':34}{len(answers.events)}")
        print(f"{'kills':34}{kills.total()} {dict(kills)}")
        print(f"{'mutations and kills took':34}{time.monotonic() - started:.0f} s", flush=True)
        took = heal(under_load, components, within_s=options.heal_s, hurry=False)
        problems = Outcome.now(answers, under_load, components).report()
        print(f"{'healing took':34}{took:.0f} s")
        if problems:
            sys.exit("\n".join(["FAILED", *problems]))


def load(under_load: Stack, options: argparse.Namespace) -> tuple[Answers, Counter[str]]:
    """Make changes and kills until both are enough. Raises the error of any thread."""
    answers = Answers()
    after = {name: names.split(",") for name, names in options.restart_after}
    chaos = Chaos(options.process, after, random.Random(options.seed))
    enough = threading.Event()

    def go_on() -> bool:
        return not enough.is_set()

    def kill() -> None:
        chaos.kill_at_random(options.kills, go_on)
        while len(answers.events) < options.mutations and go_on():
            time.sleep(0.1)
        enough.set()

    with ThreadPoolExecutor(CLIENTS + 1) as threads:
        pause_s = CLIENTS / options.rate
        tasks = [
            threads.submit(client, under_load.api.url, go_on, answers, seed, pause_s)
            for seed in range(CLIENTS)
        ]
        tasks.append(threads.submit(kill))
        wait(tasks, return_when=FIRST_EXCEPTION)
        enough.set()
    for task in tasks:
        task.result()
    return answers, chaos.kills


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add(
        "--process",
        action="append",
        required=True,
        type=KilledProcess.parse,
        metavar="NAME=PID_OR_FILE:COMMAND",
        help="a process of Convoy: its id or a file with it, and a command that starts it again",
    )
    add(
        "--restart-after",
        action="append",
        default=[],
        type=lambda text: tuple(text.split("=", 1)),
        metavar="NAME=NAME,…",
        help="processes to restart after a kill of the first: the server and the agent after Redis",
    )
    add("--mutations", type=int, default=2000)
    add("--kills", type=int, default=40)
    add("--rate", type=float, default=10.0, help="requests a second")
    add("--seed", type=int, default=1, help="seed of the random choice of processes")
    add("--heal-s", type=float, default=1800.0, help="seconds that healing may take")
    add("--settle-after-s", type=float, default=60.0)
    add("--stuck-after-s", type=float, default=120.0)
    add("--hung-after-s", type=float, default=600.0)
    add("--every-s", type=int, default=60, help="seconds between two passes of the relay")
    return parser.parse_args()


def _from_environment(*names: str) -> list[str]:
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        sys.exit(f"error: the Convoy is not named. Set {', '.join(missing)}.")
    return [os.environ[name] for name in names]


if __name__ == "__main__":
    try:
        main()
    except (ConvoyError, DynamoDBLocalError) as error:
        sys.exit(f"error: {error}")
