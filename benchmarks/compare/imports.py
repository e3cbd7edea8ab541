"""The time of a cold start by package: of this project, of its floor, and of Powertools."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.compare import modules
from benchmarks.compare.environments import runtime, settings, task
from benchmarks.compare.handlers import FLOOR_CALLS, OURS, VALIDATED
from benchmarks.compare.processes import environment
from benchmarks.compare.tables import Table

if TYPE_CHECKING:
    from benchmarks.compare.handlers import Peer
    from benchmarks.compare.tables import Cell

COMPARED = (OURS, FLOOR_CALLS, VALIDATED)
NOWHERE = "http://127.0.0.1:9"

GROUPS = {
    "FastAPI, Starlette": ("fastapi", "starlette", "annotated_doc"),
    "pydantic": ("pydantic", "pydantic_core", "annotated_types", "typing_inspection"),
    "settings": ("pydantic_settings", "dotenv"),
    "OpenTelemetry, which FastAPI needs": ("opentelemetry",),
    "Powertools": ("aws_lambda_powertools",),
    "Mangum": ("mangum",),
    "boto3, botocore, urllib3": (
        *("boto3", "botocore", "s3transfer", "urllib3", "jmespath", "dateutil", "six"),
    ),
    "the SDK of Convoy, attrs": ("convoy", "attr", "attrs"),
    "httpx, anyio": ("httpx", "anyio", "sniffio", "idna", "certifi"),
    "logs": ("pythonjsonlogger",),
    "Python's asyncio": ("asyncio", "selectors"),
    "Python's json and logging": ("json", "logging"),
    "own code": ("app", "handler", "work"),
}
"""Packages by their names. Other modules are Python's own."""

PYTHON = "Python's other modules"
_IMPORT = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")


def measure(rounds: int) -> list[Table]:
    taken = {peer.name: [_import(peer) for _ in range(rounds)] for peer in COMPARED}
    of = {name: _medians([_grouped(us) for us in each]) for name, each in taken.items()}
    groups = sorted((*GROUPS, PYTHON), key=lambda group: -of[OURS.name].get(group, 0.0))
    rows: list[list[Cell]] = [
        [group, *(found.get(group, 0.0) / 1000 for found in of.values())] for group in groups
    ]
    by_group = Table(
        name="imports",
        title="Where a cold start's time goes",
        note="Milliseconds of import by package (`python -X importtime`, which takes a part of them"
        f" itself), medians of {rounds}; own code includes the making of clients and of the"
        " application.",
        columns=("of", *(peer.title for peer in COMPARED)),
        rows=[*rows, ["all", *(sum(found.values()) / 1000 for found in of.values())]],
    )
    ms = {name: us / 1000 for name, us in _medians(taken[OURS.name]).items()}
    return [by_group, modules.table(ms, rounds)]


def _import(peer: Peer) -> dict[str, float]:
    """Microseconds of each module's own."""
    folder = task(peer, compiled=True)
    paths = [str(folder), str(runtime())]
    script = f"import sys; sys.path[:0] = {paths!r}; import handler"
    own = environment(NOWHERE, NOWHERE) | settings(peer, folder)
    command = [sys.executable, "-s", "-S", "-X", "importtime", "-c", script]
    done = subprocess.run(command, env=own, capture_output=True, text=True, check=True)
    return {name: float(us) for us, name in _IMPORT.findall(done.stderr)}


def _grouped(taken: dict[str, float]) -> dict[str, float]:
    groups = {package: group for group, packages in GROUPS.items() for package in packages}
    sums: dict[str, float] = defaultdict(float)
    for name, us in taken.items():
        sums[groups.get(name.partition(".")[0], PYTHON)] += us
    return sums


def _medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    names = {name for found in rounds for name in found}
    return {name: median(found.get(name, 0.0) for found in rounds) for name in names}
