"""`make run`'s stack as processes of their own, on free ports."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
STOP_S = 30


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

    def _url(self, pattern: str) -> str:
        found = re.search(pattern, self.greeting)
        assert found, self.greeting
        return found[1]


def start(*options: str, **environment: str) -> subprocess.Popen[str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "CONVOY_"))
    }
    return subprocess.Popen(
        [sys.executable, "-m", "infra.local", *options],
        cwd=ROOT,
        env=inherited | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running() -> Iterator[Stack]:
    process = start("--api", "0", "--dynamodb", "0", "--convoy", "0")
    assert process.stdout is not None
    assert process.stderr is not None
    greeting = ""
    for line in process.stdout:
        greeting += line
        if line.startswith("Ctrl-C"):
            break
    try:
        assert greeting, process.stderr.read()
        yield Stack(process, greeting)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=STOP_S)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running() as stack:
        yield stack
