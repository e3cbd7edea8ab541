"""Other projects' servers, as processes on loopback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

START_S = 60.0
STOP_S = 20.0


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"did not start: {process.args!r}")


@contextmanager
def end_with_block(process: subprocess.Popen[bytes], by: signal.Signals) -> Iterator[None]:
    """The process and its group end with the block. The process leads the group."""
    try:
        yield
    finally:
        if process.poll() is None:
            os.killpg(process.pid, by)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
