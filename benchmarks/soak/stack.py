"""The processes under load: DynamoDB Local, the stand-in for Convoy, and the API under uvicorn."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from app.wiring import dynamodb
from infra.fake_convoy.application import API_KEY
from infra.local import dynamodb_local, tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "127.0.0.1"
TABLES = tables.names()

START_S = 30.0
"""Seconds until a process that does not answer is given up."""

DOWN_S = 1.0
"""Seconds that one stays dead after its kill."""


class Child:
    """A module as a process of its own, answering on a port from the start to the end of a block.

    What it prints is added to `log`.
    """

    def __init__(self, log: Path, *command: str) -> None:
        self._port = free_port()
        self._command = [sys.executable, "-m", *command, "--port", str(self._port)]
        self._log = log
        self.url = f"http://{HOST}:{self._port}"

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()

    def restart(self) -> None:
        """SIGKILL, a pause, and a new process on the same port."""
        self.check()
        self._kill()
        time.sleep(DOWN_S)
        self._start()

    def check(self) -> None:
        """Raises RuntimeError if it has ended by itself."""
        if self._process.poll() is not None:
            log = self._log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{self._command} ended with {self._process.returncode}:\n{log}")

    def _start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        until = time.monotonic() + START_S
        with socket.socket() as probe:
            while probe.connect_ex((HOST, self._port)) != 0:
                self.check()
                if time.monotonic() > until:
                    self._kill()
                    raise RuntimeError(f"{self._command} does not answer")
                time.sleep(0.05)

    def _kill(self) -> None:
        self._process.kill()
        self._process.wait()


@dataclass(frozen=True, slots=True)
class Stack:
    api: Child
    convoy: Child


@contextmanager
def running(scratch: Path) -> Iterator[Stack]:
    """All three, and this process's environment as the API's is. Raises DynamoDBLocalError."""
    journal = ("--journal", str(scratch / "journal"))
    stand_in = Child(scratch / "convoy.log", "infra.fake_convoy", *journal)
    options = ("--factory", "app.wiring:local_api", "--log-level", "warning")
    api = Child(scratch / "api.log", "uvicorn", *options)
    with dynamodb_local.running() as endpoint:
        os.environ.update(environment(endpoint, stand_in.url))
        tables.create_tables(dynamodb(), TABLES)
        with stand_in, api:
            yield Stack(api, stand_in)


def environment(dynamodb_url: str, convoy_url: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url,
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "soak",
        "AWS_SECRET_ACCESS_KEY": "soak",
        "CONVOY_API_KEY": API_KEY,
        "CONVOY_APP_ID": "soak",
        "CONVOY_PROJECT_ID": "soak",
        "CONVOY_BASE_URL": f"{convoy_url}/api",
        **tables.settings(TABLES),
        "SETTLE_AFTER_S": "5",
        "NO_PROXY": HOST,
    }


def free_port() -> int:
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
