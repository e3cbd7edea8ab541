"""The parts of the laptop's stack: each a process of its own on a port of loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HOST = "127.0.0.1"
ROOT = Path(__file__).parents[2]
LOGS = ROOT / ".local"

START_S = 60.0
"""Seconds until a part that does not answer is given up: a cold laptop takes about five."""

STOP_S = 5.0
"""Seconds that a part has to end in before it is killed."""


class StackError(Exception):
    """The stack can't run; the message says what to do."""


def make_room() -> None:
    """Raises StackError if nothing can be written where the logs go."""
    try:
        LOGS.mkdir(exist_ok=True)
        with TemporaryFile(dir=LOGS):
            pass
    except OSError as error:
        raise StackError(
            f"{LOGS} can't be written to, and the logs go there: {error.strerror}.\n"
            "Let it be a folder of yours, or take another checkout."
        ) from error


def free_ports(wanted: Mapping[str, int]) -> dict[str, int]:
    """The ports, with free ones for 0. Raises StackError, which tells each that can't be had."""
    ports: dict[str, int] = {}
    problems: dict[str, str] = {}
    for name, port in wanted.items():
        try:
            bound = _bound(port)
        except (OSError, OverflowError) as error:
            problems[name] = f"can't be used: {getattr(error, 'strerror', error)}"
            continue
        if bound in ports.values():
            problems[name] = "is wanted twice"
        ports[name] = bound
    if problems:
        told = [f"port {wanted[name]} ({name}) {problem}." for name, problem in problems.items()]
        instead = " ".join(f"{name.upper()}_PORT=0" for name in problems)
        told.append(
            f"Stop what listens there (another `make run`?), or use any: {instead} make run"
        )
        raise StackError("\n".join(told))
    return ports


def _bound(port: int) -> int:
    """The port, or any free one for 0. Raises OSError or OverflowError."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, port))
        bound: int = probe.getsockname()[1]
        return bound


@dataclass(frozen=True)
class Part:
    name: str
    log: Path
    process: subprocess.Popen[bytes]

    def wait_until_it_answers(self, port: int) -> None:
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            self.check()
            with socket.socket() as probe:
                if probe.connect_ex((HOST, port)) == 0:
                    return
            time.sleep(0.05)
        raise StackError(f"{self.name} did not answer within {START_S:.0f} s; see {self.log}")

    def check(self) -> None:
        """Raises StackError if it has ended."""
        code = self.process.poll()
        if code is not None:
            last = self.log.read_text(errors="replace").strip().splitlines()[-5:]
            told = "\n".join(["its log ends:", *last]) if last else "its log is empty."
            raise StackError(f"{self.name} ended with code {code}; {told}")


@contextmanager
def running(name: str, port: int, command: Sequence[str]) -> Iterator[Part]:
    """Run a module; its output goes to a log. A session of its own keeps Ctrl-C to us alone.

    It starts beside the logs, where there is no .env: what that says is in the environment by now.
    """
    log = LOGS / f"{name}-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=LOGS,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Part(name, log, process)
    finally:
        process.terminate()
        try:
            process.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
