"""How many inputs Hypothesis draws: the same in each `make test`, new ones in `make attack`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("ATTACK", "1"))
"""Multiplies the number of inputs. With any other value than 1, each run draws new inputs."""


def inputs(number: int) -> settings:
    return settings(
        max_examples=number * TIMES,
        deadline=None,
        derandomize=TIMES == 1,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
