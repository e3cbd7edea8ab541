"""`python -m app relay --workers N`: so many publishes are under way at a time, and no more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app import todos, wiring
from app.todos import Todo
from tests.support import GRACE, OWNER, TodoStore, foreign, raw_server, read_request

if TYPE_CHECKING:
    import socket

    from tests.support import Outbox

ROOT = Path(__file__).parents[2]
ROUNDS = 2
DEADLINE_S = 5.0
LINGER_S = 0.1

CREATED = b'{"status":true,"message":"queued","data":null}'
ANSWER = b"HTTP/1.1 201 Created\r\ncontent-length: %d\r\n\r\n%s" % (len(CREATED), CREATED)


class Crowd:
    """A Convoy that answers nobody until `size` are there, and lingers then, should more come."""

    def __init__(self, size: int) -> None:
        self.overfull = threading.Event()
        self._size = size
        self._there = 0
        self._lock = threading.Lock()
        self._full = threading.Barrier(size, timeout=DEADLINE_S)

    def __call__(self, connection: socket.socket) -> None:
        while read_request(connection):
            self._count(1)
            self._full.wait()
            self.overfull.wait(LINGER_S)
            self._count(-1)
            connection.sendall(ANSWER)

    def _count(self, coming: int) -> None:
        with self._lock:
            self._there += coming
            if self._there > self._size:
                self.overfull.set()


@pytest.mark.parametrize("workers", [1, 3, 6])
def test_as_many_publishes_as_there_are_workers_are_under_way_at_a_time(
    store: TodoStore,
    outbox: Outbox,
    environment: dict[str, str],
    tmp_path: Path,
    workers: int,
) -> None:
    for number in range(workers * ROUNDS):
        todo = Todo(OWNER, number, "one")
        store.commit(todos.create(todo, now=wiring.now() - GRACE, event_id=f"event-{number}"))

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

    assert relayed.returncode == 0, relayed.stderr
    assert json.loads(relayed.stdout)["delivered"] == workers * ROUNDS
    assert not crowd.overfull.is_set()
    assert outbox.event_ids() == []
