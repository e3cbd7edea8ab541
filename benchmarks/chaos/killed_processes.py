"""Kills the processes of a Convoy with SIGKILL, and starts each again by its command."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence

START_S = 120.0
"""Seconds for a command that starts a process again: PostgreSQL recovers first."""

DOWN_S = 3.0
"""The most seconds between a kill and the new start."""

UP_S = 12.0
"""The most seconds between two kills."""


@dataclass(frozen=True, slots=True)
class KilledProcess:
    """`pid` is the process's id, or a file with it. `start` is a shell command."""

    name: str
    pid: str
    start: str

    @classmethod
    def parse(cls, text: str) -> KilledProcess:
        """Parse `NAME=PID_OR_FILE:COMMAND`. Raises ValueError."""
        name, _, rest = text.partition("=")
        pid, _, start = rest.partition(":")
        if not (name and pid and start):
            raise ValueError(f"{text!r} is not NAME=PID_OR_FILE:COMMAND")
        return cls(name, pid, start)

    def kill(self) -> bool:
        """False if the process was not running."""
        try:
            os.kill(
                int(self.pid if self.pid.isdigit() else Path(self.pid).read_text()), signal.SIGKILL
            )
        except (FileNotFoundError, ProcessLookupError):
            return False
        return True

    def begin(self) -> None:
        """Start the process. Raises RuntimeError."""
        result = subprocess.run(
            ["/bin/sh", "-c", self.start], stdin=subprocess.DEVNULL, timeout=START_S, check=False
        )
        if result.returncode != 0:
            raise RuntimeError(
                f"{self.name} was not started: {self.start!r} ended with {result.returncode}"
            )


@dataclass(slots=True)
class Chaos:
    """The `dependents` of a killed process are restarted after it, as an operator would do."""

    processes: Sequence[KilledProcess]
    dependents: Mapping[str, Sequence[str]]
    chance: random.Random
    kills: Counter[str] = field(default_factory=Counter)

    def kill_at_random(self, count: int, go_on: Callable[[], bool]) -> None:
        """Kill and restart one process after the other; at the end, start all."""
        while self.kills.total() < count and go_on():
            self._kill_and_restart(self.chance.choice(self.processes))
            time.sleep(self.chance.uniform(0, UP_S))
        for process in self.processes:
            process.begin()

    def _kill_and_restart(self, process: KilledProcess) -> None:
        self.kills[process.name] += process.kill()
        time.sleep(self.chance.uniform(0, DOWN_S))
        process.begin()
        for each in self.processes:
            if each.name in self.dependents.get(process.name, ()):
                each.kill()
                each.begin()
