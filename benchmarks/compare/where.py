"""Where the time of a warm POST without its calls goes: this project's, and its floors'."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.compare.handlers import FLOOR, FLOOR_CALLS, OURS
from benchmarks.compare.processes import environment, worker
from benchmarks.compare.tables import Table, rotated

if TYPE_CHECKING:
    from benchmarks.compare.processes import Worker
    from benchmarks.compare.tables import Cell

COMPARED = (OURS, FLOOR, FLOOR_CALLS)
NOWHERE = "http://127.0.0.1:9"
CALLS, WARM_UP = 2_000, 300

PACKAGES = {
    "fastapi": "FastAPI, Starlette",
    "starlette": "FastAPI, Starlette",
    "mangum": "Mangum, asyncio",
    "asyncio": "Mangum, asyncio",
    "handler": "the handler",
    "work": "the floor's event and items",
    "app": "app",
}
"""What a library's time counts for: the innermost of these packages on the stack."""

LEAST_US = 1.0
"""Microseconds. Rows that are below it everywhere are one row."""

OTHER = "other"

Part = str


def measure(rounds: int) -> Table:
    with ExitStack() as stack:
        settings = environment(NOWHERE, NOWHERE)
        workers = {
            peer.name: stack.enter_context(worker(peer, settings, stub=True)) for peer in COMPARED
        }
        times = _sampled(workers, rounds)
    return Table(
        name="where",
        title="Where the time of a warm POST without its calls goes",
        note=f"Microseconds of CPU: the median of {rounds} rounds, divided as samples of the stack"
        " are. A row with a library has the library's time when that package of app/ calls it.",
        columns=("of", *(peer.title for peer in COMPARED), "above"),
        rows=_rows([times[peer.name] for peer in COMPARED]),
    )


def _rows(columns: list[dict[Part, float]]) -> list[list[Cell]]:
    """A column for each peer, and the first one's time above the second's."""
    shown = {part for found in columns for part, us in found.items() if us >= LEAST_US} - {OTHER}
    ordered = sorted(shown, key=lambda part: -columns[0].get(part, 0.0))
    of = {part: [found.get(part, 0.0) for found in columns] for part in ordered}
    of[OTHER] = [sum(us for part, us in found.items() if part not in shown) for found in columns]
    of["all"] = [sum(found.values()) for found in columns]
    return [[part, *values, values[0] - values[1]] for part, values in of.items()]


def _sampled(workers: dict[str, Worker], rounds: int) -> dict[str, dict[Part, float]]:
    """Microseconds of each part, by the peer's name."""
    counts: dict[str, Counter[Part]] = {name: Counter() for name in workers}
    whole: dict[str, list[float]] = {name: [] for name in workers}
    for process in workers.values():
        process.call("POST", WARM_UP)
    for turn in range(rounds):
        for name in rotated(list(workers), turn):
            whole[name].append(workers[name].call("POST", CALLS // 10)["cpu_s"] * 1e6)
            for running, caller, times in workers[name].sampled("POST", CALLS, tuple(PACKAGES)):
                counts[name][_part(running, caller)] += times
    scale = {name: median(whole[name]) / counts[name].total() for name in workers}
    return {
        name: {part: times * scale[name] for part, times in found.items()}
        for name, found in counts.items()
    }


def _part(running: str, caller: str) -> Part:
    package = caller.partition(".")[0]
    if package != "app":
        return PACKAGES.get(package, OTHER)
    place = "/".join(caller.split(".")[:2])
    library = running.partition(".")[0]
    return place if library == "app" or "namedtuple_" in library else f"{place}: {library}"
