"""`make bench`: compare the project with its peers, in one run, on the functions' Python.

A run of all parts writes benchmarks/results.json, the blocks of README.md, docs/performance.md and
docs/benchmark.md, and docs/benchmark.svg. It stops on a machine that is not quiet. A run of some
parts only prints their tables.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import convoy.models  # noqa: F401  # before this project's import, which leaves some out

from benchmarks import todo
from benchmarks.compare import (
    cold,
    commands,
    drain,
    growth,
    imports,
    interpreter,
    outage,
    publishing,
    report,
    results,
    settling,
    targets,
    warm,
    where,
)
from benchmarks.compare.tables import Table, grid, shown
from infra.checks.run import CommandError
from infra.local.dynamodb_local import DynamoDBLocalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Part:
    """`quick`: other options than the rounds of a quick run."""

    measure: Callable[..., Table | list[Table]]
    rounds: int
    quick: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def run(self, *, quick: bool) -> list[Table]:
        found = self.measure(rounds=2, **self.quick) if quick else self.measure(rounds=self.rounds)
        return [found] if isinstance(found, Table) else found


PARTS = {
    "cold": Part(cold.measure, 15),
    "warm": Part(warm.measure, 25),
    "publishing": Part(publishing.measure, 25),
    "outage": Part(outage.measure, 5),
    "growth": Part(growth.measure, 9, {"sizes": (100, 1_000)}),
    "drain": Part(drain.measure, 3, {"sizes": (100,)}),
    "settling": Part(settling.measure, 3, {"sizes": (1_000,)}),
    "commands": Part(commands.measure, 9),
    "imports": Part(imports.measure, 5),
    "where": Part(where.measure, 9),
}


QUIET = 0.05
"""The highest noise of these floors on a quiet machine, as a share of each."""

JUDGED = ("cold / bare", "POST without calls / Powertools with validation")
"""Floors that many rounds measure, whose noise is 1 % on a quiet machine."""


def main() -> int:
    todo.require("make bench")
    options = _options()
    try:
        interpreter.switch()
        _finish(_measured(options), options.parts, quick=options.quick)
    except CommandError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _measured(options: argparse.Namespace) -> list[Table]:
    tables: list[Table] = []
    for name in options.parts:
        start = time.monotonic()
        try:
            found = PARTS[name].run(quick=options.quick)
        except DynamoDBLocalError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
            continue
        for table in found:
            print(f"\n{table.markdown()}")
        print(f"\n({name}: {time.monotonic() - start:.0f} s)", flush=True)
        tables += found
        if not options.quick and _is_whole(options.parts):
            _refuse_noise(found)
    return tables


def _is_whole(parts: list[str]) -> bool:
    return set(parts) == PARTS.keys()


def _refuse_noise(tables: list[Table]) -> None:
    """Raises CommandError if a floor says that the machine is busy."""
    floors = {name: floor for table in tables for name, floor in table.floors.items()}
    for name in floors.keys() & JUDGED:
        value, noise = floors[name]
        if noise > QUIET * value:
            raise CommandError(
                f"this machine is not quiet: the floor of {name} is {shown(floors[name])}. The"
                f" noise must be at most {QUIET:.0%} of it. Nothing was written. Stop other"
                " programs, and start again."
            )


def _finish(tables: list[Table], parts: list[str], *, quick: bool) -> None:
    kept = results.results(tables, datetime.now(UTC).date(), quick=quick)
    found, floors = results.measures(kept["targets"]), results.measures(kept["floors"])
    print(f"\n{grid(targets.COLUMNS, targets.rows(found, floors))}")
    if not _is_whole(parts) or found.keys() != targets.TARGETS.keys():
        print("\nSome parts were not measured: nothing is written.")
        return
    report.write(kept)
    print(f"\nWritten: {results.RESULTS.name}, {report.PLOT.name}, and the documents' blocks.")
    print("docs/scale.md needs the new CPU of a POST: run make scale.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.compare", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"some of: {', '.join(PARTS)}; without: all")
    parser.add_argument("--quick", action="store_true", help="2 rounds: to try a change of a part")
    options = parser.parse_args()
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"unknown part {', '.join(sorted(unknown))}: use {', '.join(PARTS)}")
    options.parts = options.parts or list(PARTS)
    return options


if __name__ == "__main__":
    raise SystemExit(main())
