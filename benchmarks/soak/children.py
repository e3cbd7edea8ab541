"""Processes that are killed and started again under load."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Self

from infra.local.ports import unused_ports

if TYPE_CHECKING:
    from pathlib import Path

HOST = "127.0.0.1"

START_S = 30.0
"""Seconds to wait for a process to answer."""

DOWN_S = 1.0
"""Seconds between the kill of a process and its new start."""


class Child:
    """A module that runs in a separate process, from the start to the end of a block.

    With a port, the start waits until the process answers there. Its output is appended to `log`.
    """

    def __init__(self, log: Path, *command: str, port: int | None = None) -> None:
        on_port = () if port is None else ("--port", str(port))
        self._command = [sys.executable, "-m", *command, *on_port]
        self._port = port
        self._log = log
        self.url = f"http://{HOST}:{port}"
        self.kills = 0

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()

    def restart(self) -> None:
        """SIGKILL, a pause, and a new process on the same port."""
        self.check()
        self._kill()
        self.kills += 1
        time.sleep(DOWN_S)
        self._start()

    def check(self) -> None:
        """Raises RuntimeError if the process has ended by itself."""
        if self._process.poll() is not None:
            log = self._log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{self._command} ended with {self._process.returncode}:\n{log}")

    def _start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        if self._port is None:
            return
        until = time.monotonic() + START_S
        while not _answers(self._port):
            self.check()
            if time.monotonic() > until:
                self._kill()
                raise RuntimeError(f"{self._command} does not answer. See {self._log}.")
            time.sleep(0.05)

    def _kill(self) -> None:
        self._process.kill()
        self._process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


PORTS = unused_ports()
