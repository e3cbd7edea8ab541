"""`python -m app relay --workers N` publishes exactly N events at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from app.wiring import clock
from tests.paths import ROOT
from tests.raw_server import raw_server, read_request
from tests.support import GRACE, OWNER, foreign
from tests.todo import TODO, Todo

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from tests.tables import Outbox, TodoStore

ROUNDS = 2
DEADLINE_S = 5.0
LINGER_S = 0.1

HEAD = b"HTTP/1.1 %b\r\ncontent-length: %d\r\n\r\n%b"


def answer(status: bytes, data: object) -> bytes:
    body = json.dumps({"status": True, "message": "", "data": data}).encode()
    return HEAD % (status, len(body), body)


def a_list(*entries: dict[str, object]) -> bytes:
    pagination = {"has_next_page": False, "next_page_cursor": ""}
    return answer(b"200 OK", {"content": entries, "pagination": pagination})


def shown() -> dict[str, object]:
    """A handled event that was published after the events of the rows."""
    return {
        "uid": "u",
        "idempotency_key": clock.new_event_id(clock.now()),
        "status": "Success",
        "created_at": clock.now().isoformat(),
        "is_duplicate_event": False,
    }


class Crowd:
    """A Convoy that accepts events only when `size` have come, and then waits for one too many.

    It answers questions at once, and shows none of these events.
    """

    def __init__(self, size: int) -> None:
        self.overfull = threading.Event()
        self._size = size
        self._there = 0
        self._lock = threading.Lock()
        self._full = threading.Barrier(size, timeout=DEADLINE_S)

    def __call__(self, connection: socket.socket) -> None:
        while request := read_request(connection):
            if request.startswith(b"GET"):
                asks_for_some = b"startDate=" in request.partition(b"\r\n")[0]
                connection.sendall(a_list() if asks_for_some else a_list(shown()))
                continue
            self._count(1)
            self._full.wait()
            self.overfull.wait(LINGER_S)
            self._count(-1)
            connection.sendall(answer(b"201 Created", None))

    def _count(self, coming: int) -> None:
        with self._lock:
            self._there += coming
            if self._there > self._size:
                self.overfull.set()


@pytest.mark.parametrize("workers", [1, 3, 6])
def test_the_relay_publishes_as_many_events_at_once_as_it_has_workers(
    store: TodoStore,
    outbox: Outbox,
    environment: dict[str, str],
    tmp_path: Path,
    workers: int,
) -> None:
    events = [f"event-{number}" for number in range(workers * ROUNDS)]
    for number, event_id in enumerate(events):
        todo = Todo(OWNER, number, "one")
        store.commit(TODO.create(todo, now=clock.now() - GRACE, event_id=event_id))

    crowd = Crowd(workers)
    with raw_server(crowd) as url:
        inherited = {name: value for name, value in os.environ.items() if not foreign(name)}
        crowded = {"CONVOY_BASE_URL": url, "CONVOY_DEADLINE_S": str(DEADLINE_S)}
        relayed = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "app", "relay", "--json", "--workers", str(workers)],
            cwd=tmp_path,
            env=inherited | environment | crowded | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert relayed.returncode == 1, relayed.stderr  # they wait until Convoy shows them
    assert json.loads(relayed.stdout)["published"] == workers * ROUNDS
    assert not crowd.overfull.is_set()
    assert outbox.event_ids() == sorted(events)
