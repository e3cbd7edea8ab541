"""How long to attack, and the count of it, which the run tells at its end."""

from __future__ import annotations

import os
from dataclasses import dataclass

from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("ATTACK", "1"))
"""So many times the inputs; any but 1 draws others in each run."""


def inputs(number: int) -> settings:
    return settings(
        max_examples=number * TIMES,
        deadline=None,
        derandomize=TIMES == 1,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@dataclass
class Tally:
    """Of answers to inputs that were drawn."""

    tried: int = 0
    failed: int = 0

    def count(self, status: int) -> None:
        self.tried += 1
        self.failed += status >= 500

    def __str__(self) -> str:
        return f"attack: {self.tried} inputs tried, {self.failed} answered with a 5xx"
