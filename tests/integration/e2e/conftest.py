"""The stack of `make run`, as separate processes on free ports."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.paths import ROOT
from tests.support import foreign

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

STOP_S = 30

LOCAL = (sys.executable, "-m", "infra.local")


@dataclass(frozen=True)
class Stack:
    process: subprocess.Popen[str]
    greeting: str

    @property
    def api(self) -> str:
        return self._url(r"The API\s+(\S+)")

    @property
    def inbox(self) -> str:
        return self._url(r"Its events\s+(\S+)")

    @property
    def portal(self) -> str:
        return self._url(r"Its portal\s+(\S+)")

    def _url(self, pattern: str) -> str:
        found = re.search(pattern, self.greeting)
        assert found, self.greeting
        return found[1]


@contextmanager
def started(
    *options: str,
    command: Sequence[str] = LOCAL,
    cwd: Path | str = ROOT,
    **environment: str,
) -> Iterator[subprocess.Popen[str]]:
    """Start the runner, without the settings of the person who runs the tests."""
    inherited = {name: value for name, value in os.environ.items() if not foreign(name)}
    process = subprocess.Popen(
        [*command, *options],
        cwd=cwd,
        env=inherited | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does for Ctrl-C
        try:
            process.communicate(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise


def end_of(*options: str, **environment: str) -> tuple[int, str]:
    """The exit code and the errors of a runner that ends by itself."""
    with started("--env-file", os.devnull, *options, **environment) as process:
        _, errors = process.communicate(timeout=STOP_S)
    return process.returncode, errors


_candidates = count(20_000 + 1_000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]))
"""Ports below those that the system gives: no other process gets one between choice and use."""


def own_ports() -> tuple[str, ...]:
    """Options for a stack whose ports no other stack and no other worker's tests use."""
    ports = (f"--{name}={_own_port()}" for name in ("api", "dynamodb", "convoy"))
    return (*ports, f"--env-file={os.devnull}")


def _own_port() -> int:
    for port in _candidates:
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError


@contextmanager
def local_stack(
    command: Sequence[str] | None = None, *, cwd: Path = ROOT, **environment: str
) -> Iterator[Stack]:
    options = own_ports() if command is None else ()
    with started(*options, command=command or LOCAL, cwd=cwd, **environment) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        greeting = ""
        for line in process.stdout:
            greeting += line
            if line.startswith("Ctrl-C"):
                break
        assert "Ctrl-C" in greeting, process.stderr.read()
        command_of_stack = re.search(r"\.local/app-\d+", greeting)
        assert command_of_stack, greeting
        script = (cwd / command_of_stack[0]).read_text()
        yield Stack(process, greeting)
    # Delete the logs of a successful test.
    for port in set(re.findall(r":(\d+)", greeting + script)):
        for log in (cwd / ".local").glob(f"*-{port}.log"):
            log.unlink()


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with local_stack() as stack:
        yield stack
