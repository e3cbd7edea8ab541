"""`make soak`: clients, a Convoy that fails at random and is killed midway, and a count at the end.

20 clients change todos for 30 s against the API under uvicorn, a relay runs beside, and the
stand-in is told to fail in turns, killed at half time and started again. Then Convoy stays up, the
relay drains the outbox, and what was committed is compared with what arrived. Then the time of a
mutation: with Convoy healthy, and black-holed before and after the breaker opens.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from app.config import Settings
from app.relay import Relay
from app.wiring import Parts, dynamodb, now
from infra.local import convoy, dynamodb_local, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLIENTS = 20
SECONDS = 30.0
HOST = "127.0.0.1"
TABLES = {"TodosTable": "todos", "OutboxTable": "outbox", "IdempotencyTable": "idempotency"}
FAULTS: list[dict[str, Any]] = [
    {"status": 503},
    {"status": 400},
    {"status": 429, "headers": {"retry-after": "1"}},
    {"reset": True},
    {"delay_s": 3.0},
    {"status": 502, "body": "<p>", "headers": {"content-type": "text/html"}},
]


class Tally:
    """What the clients saw."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.statuses: Counter[str] = Counter()
        self.event_ids: set[str] = set()

    def count(self, response: httpx.Response) -> None:
        with self.lock:
            self.statuses[str(response.status_code)] += 1
            if response.is_success and "webhook-id" in response.headers:
                self.event_ids.add(response.headers["webhook-id"])


def client(url: str, until: float, tally: Tally, seed: int) -> None:
    """Create, update and delete a handful of todos that all clients share, and some of its own."""
    chance = random.Random(seed)
    with httpx.Client(base_url=url, timeout=30) as http:
        while time.monotonic() < until:
            todo_id = chance.choice([chance.randrange(10), 1000 + seed])
            call = chance.choice(["POST", "POST", "PUT", "PUT", "DELETE"])
            path = "/todo" if call == "POST" else f"/todo/{todo_id}"
            body: dict[str, Any] | None = {"item": f"item {chance.random()}"}
            if call == "POST" and chance.random() < 0.5:
                body = {**(body or {}), "id": todo_id}
            headers = {"idempotency-key": f"{seed}-{chance.randrange(10**9)}"}
            body = None if call == "DELETE" else body
            for _ in range(chance.choice([1, 1, 1, 2])):  # a client that asks twice
                try:
                    tally.count(http.request(call, path, json=body, headers=headers))
                except httpx.TransportError as error:
                    with tally.lock:
                        tally.statuses[type(error).__name__] += 1


def misbehave(control: str, until: float, restart: Callable[[], None]) -> None:
    """Another fault each half second, a good half second between two; a kill at half time."""
    chance, killed, start = random.Random(7), False, time.monotonic()
    with httpx.Client(base_url=control, timeout=5) as http:
        while time.monotonic() < until:
            if not killed and time.monotonic() - start > SECONDS / 2:
                restart()
                killed = True
            http.put("/_control/faults", json=chance.choice(FAULTS))
            time.sleep(0.5)
            http.delete("/_control/faults")
            time.sleep(0.5)
        http.delete("/_control/faults")


def relay_meanwhile(parts: Parts, stop: threading.Event) -> None:
    while not stop.wait(1.0):
        parts.relay().run()


def drain(parts: Parts) -> None:
    """All that is left, due or not: the relay's clock is put forward, and parked rows redriven."""
    later = timedelta(0)
    while any(parts.outbox.pages()):
        later += timedelta(hours=1)
        for row in (row for page in parts.outbox.pages() for row in page):
            if row.state == "failed":
                parts.outbox.redrive(row, now=now())
        clock = lambda ahead=later: now() + ahead  # noqa: E731
        Relay(parts.publisher, parts.outbox, clock, random.random).run()


def soak(stack: ExitStack, scratch: Path) -> None:
    ports = {name: free_port() for name in ("api", "convoy")}
    endpoint = stack.enter_context(dynamodb_local.running())
    os.environ.update(environment(endpoint, ports["convoy"]))
    tables.create_tables(dynamodb(), TABLES)
    parts = Parts.build(Settings.load())
    stand_in = ["infra.local.convoy", "--journal", str(scratch / "journal"), "--port"]
    children = [stack.enter_context(process([*stand_in, str(ports["convoy"])], ports["convoy"]))]

    def restart() -> None:
        children[-1].send_signal(signal.SIGKILL)
        children[-1].wait()
        time.sleep(1.0)
        command = [*stand_in, str(ports["convoy"])]
        children.append(stack.enter_context(process(command, ports["convoy"])))

    api = ["uvicorn", "--factory", "app.wiring:local_api", "--log-level", "critical", "--port"]
    stack.enter_context(process([*api, str(ports["api"])], ports["api"]))
    url, control = (f"http://{HOST}:{ports[name]}" for name in ("api", "convoy"))

    tally, stop, until = Tally(), threading.Event(), time.monotonic() + SECONDS
    threads = [
        *(
            threading.Thread(target=client, args=(url, until, tally, seed))
            for seed in range(CLIENTS)
        ),
        threading.Thread(target=misbehave, args=(control, until, restart)),
    ]
    meanwhile = threading.Thread(target=relay_meanwhile, args=(parts, stop))
    for thread in (*threads, meanwhile):
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    meanwhile.join()
    drain(parts)
    report(tally, httpx.get(f"{control}/inbox").json()["events"])
    latencies(url, control)
    parts.publisher.close()


def report(tally: Tally, received: list[dict[str, Any]]) -> None:
    changes = [e for e in received if e["event_type"] in {"created", "updated", "deleted"}]
    keys = Counter(event["idempotency_key"] for event in changes)
    lost = tally.event_ids - set(keys) | gaps(changes)
    print(f"requests            {tally.statuses.total()}")
    print(f"  by answer         {dict(sorted(tally.statuses.items()))}")
    print(f"committed changes   {len(tally.event_ids)} told to clients")
    print(f"events received     {len(keys)} of changes, under a key each")
    print(f"lost                {len(lost)}")
    print(f"duplicates          {keys.total() - len(keys)} (received again under the same key)")
    if lost:
        sys.exit(f"LOST: {sorted(lost)[:10]}")


def gaps(changes: list[dict[str, Any]]) -> set[str]:
    """Todos whose present version no event told of, whatever the clients were told."""
    told = {
        (event["data"]["todo"]["id"], event["data"]["todo"]["version"])
        for event in changes
        if event["event_type"] != "deleted"
    }
    pages = dynamodb().get_paginator("scan").paginate(TableName=TABLES["TodosTable"])
    present = {
        (int(item["id"]["N"]), int(item["version"]["N"]))
        for page in pages
        for item in page["Items"]
    }
    return {f"todo {todo_id} version {version}" for todo_id, version in present - told}


def latencies(url: str, control: str) -> None:
    with httpx.Client(base_url=url, timeout=30) as http:
        time.sleep(6.0)  # the breaker may be open still
        http.post("/todo", json={"item": "x"})
        tell("Convoy healthy", [timed(http) for _ in range(300)])
        httpx.put(f"{control}/_control/faults", json={"delay_s": 60.0})
        times = []
        until = time.monotonic() + 22.0
        while time.monotonic() < until:
            times.append(timed(http))
        tell("black-holed, the one that tries", [t for t in times if t > 1.0])
        tell("black-holed, breaker open", [t for t in times if t <= 1.0])
        httpx.delete(f"{control}/_control/faults")


def timed(http: httpx.Client) -> float:
    started = time.perf_counter()
    http.post("/todo", json={"item": "x"}).raise_for_status()
    return time.perf_counter() - started


def tell(name: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    median, p99 = statistics.median(ordered), ordered[int(len(ordered) * 0.99)]
    print(f"{name:32} n {len(ordered):5}  median {median * 1e3:8.1f} ms  p99 {p99 * 1e3:8.1f} ms")


def environment(endpoint: str, convoy_port: int) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "soak",
        "AWS_SECRET_ACCESS_KEY": "soak",
        "CONVOY_API_KEY": convoy.API_KEY,
        "CONVOY_APP_ID": "soak",
        "CONVOY_PROJECT_ID": "soak",
        "CONVOY_BASE_URL": f"http://{HOST}:{convoy_port}/api",
        "TODOS_TABLE": TABLES["TodosTable"],
        "OUTBOX_TABLE": TABLES["OutboxTable"],
        "IDEMPOTENCY_TABLE": TABLES["IdempotencyTable"],
        "RELAY_GRACE_S": "5",
        "NO_PROXY": HOST,
    }


def free_port() -> int:
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def process(arguments: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A module as a process of its own, from when it answers to the end of the block."""
    child = subprocess.Popen(
        [sys.executable, "-m", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 30
        with socket.socket() as probe:
            while probe.connect_ex((HOST, port)) != 0:
                if child.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"{arguments[0]} did not start")
                time.sleep(0.05)
        yield child
    finally:
        child.kill()
        child.wait()


if __name__ == "__main__":
    with ExitStack() as everything, tempfile.TemporaryDirectory() as folder:
        soak(everything, Path(folder))
