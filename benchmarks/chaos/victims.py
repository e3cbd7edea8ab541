"""The processes of a Convoy: each is killed with SIGKILL, and started again by a command."""

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
"""Seconds that a process stays dead, at the most."""

UP_S = 12.0
"""Seconds between two kills, at the most."""


@dataclass(frozen=True, slots=True)
class Victim:
    """`pid` is the process's id, or the file that has it. `start` is a shell's command."""

    name: str
    pid: str
    start: str

    @classmethod
    def named(cls, text: str) -> Victim:
        """Of `NAME=PID_OR_FILE:COMMAND`. Raises ValueError."""
        name, _, rest = text.partition("=")
        pid, _, start = rest.partition(":")
        if not (name and pid and start):
            raise ValueError(f"{text!r} is not NAME=PID_OR_FILE:COMMAND")
        return cls(name, pid, start)

    def kill(self) -> bool:
        """False: it was dead already."""
        try:
            os.kill(
                int(self.pid if self.pid.isdigit() else Path(self.pid).read_text()), signal.SIGKILL
            )
        except (FileNotFoundError, ProcessLookupError):
            return False
        return True

    def begin(self) -> None:
        """Raises RuntimeError."""
        ended = subprocess.run(
            ["/bin/sh", "-c", self.start], stdin=subprocess.DEVNULL, timeout=START_S, check=False
        )
        if ended.returncode != 0:
            raise RuntimeError(f"{self.start!r} ended with {ended.returncode}: {self.name} is down")


@dataclass(slots=True)
class Chaos:
    """`dependents` of a process are killed and started again after it, as an operator would."""

    victims: Sequence[Victim]
    dependents: Mapping[str, Sequence[str]]
    chance: random.Random
    kills: Counter[str] = field(default_factory=Counter)

    def kill_at_random(self, count: int, go_on: Callable[[], bool]) -> None:
        """One kill after the other; then all are up."""
        while self.kills.total() < count and go_on():
            self._strike(self.chance.choice(self.victims))
            time.sleep(self.chance.uniform(0, UP_S))
        for victim in self.victims:
            victim.begin()

    def _strike(self, victim: Victim) -> None:
        self.kills[victim.name] += victim.kill()
        time.sleep(self.chance.uniform(0, DOWN_S))
        victim.begin()
        for each in self.victims:
            if each.name in self.dependents.get(victim.name, ()):
                each.kill()
                each.begin()
