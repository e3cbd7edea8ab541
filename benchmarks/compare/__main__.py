"""`make bench`: compare the project with its peers, in one interleaved run.

A run of all parts writes benchmarks/results.json, the tables of the README and of
docs/performance.md, and docs/benchmark.svg. A run of some parts only prints their tables.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from benchmarks.compare import (
    cold,
    drain,
    growth,
    imports,
    outage,
    publishing,
    report,
    targets,
    warm,
)
from benchmarks.compare.tables import grid
from infra.local.dynamodb_local import DynamoDBLocalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.compare.tables import Table

PARTS: dict[str, Callable[[], list[Table]]] = {
    "cold": lambda: [cold.measure(rounds=15)],
    "warm": lambda: warm.measure(rounds=25),
    "publishing": lambda: [publishing.measure(rounds=25)],
    "outage": lambda: [outage.measure(rounds=5)],
    "growth": lambda: [growth.measure(rounds=9)],
    "drain": lambda: [drain.measure()],
    "imports": lambda: [imports.measure(rounds=5)],
}


def main() -> int:
    names = _parts()
    tables: list[Table] = []
    for name in names:
        start = time.monotonic()
        try:
            found = PARTS[name]()
        except DynamoDBLocalError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
            continue
        for table in found:
            print(f"\n{table.markdown()}")
        print(f"\n({name}: {time.monotonic() - start:.0f} s)", flush=True)
        tables += found
    values = {name: value for table in tables for name, value in table.found.items()}
    print(f"\n{grid(targets.COLUMNS, targets.rows(values))}")
    if values.keys() != targets.TARGETS.keys():
        print("\nSome targets were not measured: nothing is written.")
        return 0
    report.write(report.results(tables, datetime.now(UTC).date()))
    print(f"\nWritten: {report.RESULTS.name}, {report.PLOT.name}, and the documents' tables.")
    print("docs/scale.md needs the new CPU of a POST: run make scale.")
    return 0


def _parts() -> list[str]:
    parser = argparse.ArgumentParser(prog="benchmarks.compare", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"some of: {', '.join(PARTS)}; without: all")
    wanted: list[str] = parser.parse_args().parts
    if unknown := set(wanted) - PARTS.keys():
        parser.error(f"unknown part {', '.join(sorted(unknown))}: use {', '.join(PARTS)}")
    return wanted or list(PARTS)


if __name__ == "__main__":
    raise SystemExit(main())
