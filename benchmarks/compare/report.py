"""The results of a comparison: benchmarks/results.json, and its tables in the documents."""

from __future__ import annotations

import json
import platform
import re
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.compare import plot, targets
from benchmarks.compare.processes import CORES
from benchmarks.compare.tables import Table, grid
from infra.package.build import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from benchmarks.compare.tables import Cell

RESULTS = ROOT / "benchmarks" / "results.json"
README, PERFORMANCE = ROOT / "README.md", ROOT / "docs" / "performance.md"
PLOT = ROOT / "docs" / "benchmark.svg"
PACKAGES = ("boto3", "convoy-python", "fastapi", "mangum", "pydantic")
_BLOCK = re.compile(r"(<!-- make bench -->\n).*?(<!-- end -->)", re.DOTALL)


def results(tables: Iterable[Table], today: date) -> dict[str, Any]:
    """JSON: the date and the machine, each table's rows, and the values of the targets."""
    measured = list(tables)
    return {
        "date": today.isoformat(),
        "machine": {"processor": _processor(), "cores": len(CORES) or 1},
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in PACKAGES},
        },
        "targets": {
            name: _short(value) for table in measured for name, value in table.found.items()
        },
        "tables": [
            asdict(replace(table, rows=[list(map(_short, row)) for row in table.rows]))
            for table in measured
        ],
    }


def _short(cell: Cell) -> Cell:
    return float(f"{cell:.4g}") if isinstance(cell, float) else cell


def documents(kept: Mapping[str, Any]) -> dict[Path, str]:
    """The README and docs/performance.md with the tables of these results, and the plot."""
    machine = kept["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in kept["versions"].items())
    where = f"{kept['date']}, {machine['processor']}, {machine['cores']} cores; {versions}."
    overview = grid(targets.COLUMNS, targets.rows(kept["targets"]))
    tables = [Table(**table).markdown() for table in kept["tables"]]
    return {
        README: _with(README, f"{overview}\n"),
        PERFORMANCE: _with(PERFORMANCE, "\n\n".join([where, overview, *tables]) + "\n"),
        PLOT: plot.drawn(kept),
    }


def _with(document: Path, text: str) -> str:
    written, blocks = _BLOCK.subn(lambda block: block[1] + text + block[2], document.read_text())
    if blocks != 1:
        raise ValueError(
            f"{document} has {blocks} blocks from `<!-- make bench -->` to `<!-- end -->`: keep one"
        )
    return written


def _processor() -> str:
    """Linux's name of the processor; on other systems the machine type."""
    try:
        info = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.machine()
    model = re.search(r"^model name\s*: (.+)$", info, re.MULTILINE)
    return model[1] if model else platform.machine()


def write(kept: Mapping[str, Any]) -> None:
    RESULTS.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    for path, text in documents(kept).items():
        path.write_text(text)
