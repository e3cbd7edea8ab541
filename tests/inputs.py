"""How many inputs are drawn: the same in each run of `make test`, others in `make attack`."""

from __future__ import annotations

import os

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
