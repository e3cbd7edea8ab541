"""The processes of the laptop's stack, each on its own port of loopback."""

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
"""Seconds to wait for a process to answer: a cold laptop takes about five."""

STOP_S = 5.0
"""Seconds to wait for a process to end, before it is killed."""


class StackError(Exception):
    """The stack can't run; the message says what to do."""


def create_log_folder() -> None:
    """Raises StackError if the folder can't be written to."""
    try:
        LOGS.mkdir(exist_ok=True)
        with TemporaryFile(dir=LOGS):
            pass
    except OSError as error:
        raise StackError(
            f"the folder of the logs, {LOGS}, can't be written to: {error.strerror}.\n"
            "Make it a folder that you may write to, or use another checkout."
        ) from error


def free_ports(wanted: Mapping[str, int]) -> dict[str, int]:
    """The ports, with a free one for 0. Raises StackError, which names each port in use."""
    ports: dict[str, int] = {}
    problems: dict[str, str] = {}
    for name, port in wanted.items():
        try:
            bound = _bind(port)
        except (OSError, OverflowError) as error:
            problems[name] = f"can't be used: {getattr(error, 'strerror', error)}"
            continue
        if bound in ports.values():
            problems[name] = "is given twice"
        ports[name] = bound
    if problems:
        lines = [f"port {wanted[name]} ({name}) {problem}." for name, problem in problems.items()]
        any_free = " ".join(f"{name.upper()}_PORT=0" for name in problems)
        lines.append(
            "Stop the program that listens there (another `make run`?), or take any free port:"
            f" {any_free} make run"
        )
        raise StackError("\n".join(lines))
    return ports


def _bind(port: int) -> int:
    """The port, or a free one for 0. Raises OSError or OverflowError."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, port))
        bound: int = probe.getsockname()[1]
        return bound


@dataclass(frozen=True)
class Process:
    name: str
    log: Path
    popen: subprocess.Popen[bytes]

    def wait_until_it_answers(self, port: int) -> None:
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            self.check()
            with socket.socket() as probe:
                if probe.connect_ex((HOST, port)) == 0:
                    return
            time.sleep(0.05)
        raise StackError(f"{self.name} did not answer within {START_S:.0f} s. See {self.log}.")

    def check(self) -> None:
        """Raises StackError if the process has ended."""
        code = self.popen.poll()
        if code is not None:
            last = self.log.read_text(errors="replace").strip().splitlines()[-5:]
            log = "\n".join([f"The end of {self.log}:", *last]) if last else "Its log is empty."
            raise StackError(f"{self.name} ended with code {code}. {log}")


@contextmanager
def running_process(name: str, port: int, command: Sequence[str]) -> Iterator[Process]:
    """Run a module, with its output in a log, and in a session that Ctrl-C does not reach.

    The folder of the logs is its working directory: no .env there replaces our environment.
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
        yield Process(name, log, process)
    finally:
        process.terminate()
        try:
            process.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
