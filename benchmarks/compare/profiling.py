"""Where a cold start's time goes, and a request's, by package: ours and the fastest peer's."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.compare.environments import HERE, OURS, VALIDATED, runtime, stub, task
from benchmarks.compare.processes import environment
from benchmarks.compare.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from benchmarks.compare.environments import Peer

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
    "httpx, httpcore, h11, anyio": (
        *("httpx", "httpcore", "h11", "anyio", "sniffio", "idna", "certifi"),
    ),
    "logs": ("pythonjsonlogger",),
    "Python's asyncio": ("asyncio", "selectors"),
    "Python's json and logging": ("json", "logging"),
    "own code": ("app", "handler", "work"),
}
"""Packages by their names; what is in none of these is Python's own."""

PYTHON = "Python's other modules"
_IMPORT = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")


def measure(rounds: int) -> list[Table]:
    return [_imports(rounds), _requests()]


def _imports(rounds: int) -> Table:
    of = {peer.name: _medians([_import(peer) for _ in range(rounds)]) for peer in (OURS, VALIDATED)}
    return _table(
        of,
        name="imports",
        title="Where a cold start's time goes",
        note="Milliseconds of import by package (`python -X importtime`, which takes a part of them"
        f" itself), medians of {rounds}; own code includes the making of clients and of the"
        " application.",
        unit=1000,
    )


def _requests() -> Table:
    of = {peer.name: _grouped(_request(peer)) for peer in (OURS, VALIDATED)}
    shares = {
        name: {group: value / sum(found.values()) for group, value in found.items()}
        for name, found in of.items()
    }
    ours = sum(of[OURS.name].values()) / sum(of[VALIDATED.name].values())
    return _table(
        shares,
        name="requests",
        title="Where the time of a POST without its calls goes",
        note="Per cent of each, as Python's profiler tells, which makes many small calls look"
        f" longer than they are; by it ours is {ours:.1f} times as long.",
        unit=0.01,
    )


def _table(
    of: Mapping[str, Mapping[str, float]], *, name: str, title: str, note: str, unit: float
) -> Table:
    def row(group: str) -> list[str | float]:
        return [group, *(of[peer].get(group, 0.0) / unit for peer in (OURS.name, VALIDATED.name))]

    groups = sorted((*GROUPS, PYTHON), key=lambda group: -of[OURS.name].get(group, 0.0))
    totals: list[str | float] = [sum(of[peer].values()) / unit for peer in of]
    return Table(
        name=name,
        title=title,
        note=note,
        columns=("of", OURS.title, VALIDATED.title),
        rows=[*map(row, groups), ["all", *totals]],
    )


def _import(peer: Peer) -> dict[str, float]:
    """Microseconds of each group."""
    paths = [str(task(peer, bytecode=True)), str(runtime())]
    script = f"import sys; sys.path[:0] = {paths!r}; import handler"
    told = _python(peer, "-X", "importtime", "-c", script).stderr
    found = [(name, float(own)) for own, name in _IMPORT.findall(told)]
    return _summed((name.partition(".")[0], own) for name, own in found)


def _request(peer: Peer) -> dict[str, float]:
    """Seconds of each file."""
    arguments = [str(task(peer, bytecode=True)), str(runtime()), str(stub(peer))]
    told: dict[str, float] = json.loads(_python(peer, str(HERE / "profiled.py"), *arguments).stdout)
    return told


def _grouped(files: Mapping[str, float]) -> dict[str, float]:
    known = {package for packages in GROUPS.values() for package in packages}

    def package(file: str) -> str:
        parts = file.removesuffix(".py").split("/")
        return next((part for part in reversed(parts) if part in known), "")

    return _summed((package(file), own) for file, own in files.items())


def _summed(found: Iterable[tuple[str, float]]) -> dict[str, float]:
    groups = {package: group for group, packages in GROUPS.items() for package in packages}
    sums: dict[str, float] = defaultdict(float)
    for package, own in found:
        sums[groups.get(package, PYTHON)] += own
    return sums


def _medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    groups = {group for found in rounds for group in found}
    return {group: median(found.get(group, 0.0) for found in rounds) for group in groups}


def _python(peer: Peer, *arguments: str) -> subprocess.CompletedProcess[str]:
    settings = environment(NOWHERE, NOWHERE) | dict(peer.settings)
    command = [sys.executable, "-s", "-S", *arguments]
    return subprocess.run(command, env=settings, capture_output=True, text=True, check=True)
