"""The results of a comparison: benchmarks/results.json."""

from __future__ import annotations

import platform
import re
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.compare.processes import CORES
from benchmarks.compare.tables import Measure
from infra.package.build import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from benchmarks.compare.tables import Cell, Table

RESULTS = ROOT / "benchmarks" / "results.json"
PACKAGES = ("boto3", "convoy-python", "fastapi", "mangum", "pydantic")


def results(tables: Iterable[Table], today: date, *, quick: bool = False) -> dict[str, Any]:
    """JSON: the date and the machine, each table's rows, and the targets' values and floors.

    A measure is a list of its value and its noise.
    """
    measured = list(tables)
    return {
        "date": today.isoformat(),
        "quick": quick,
        "machine": {"processor": _processor(), "cores": len(CORES) or 1},
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in PACKAGES},
        },
        "targets": _short_measures(found for table in measured for found in table.found.items()),
        "floors": _short_measures(floor for table in measured for floor in table.floors.items()),
        "tables": [
            {
                "name": table.name,
                "title": table.title,
                "note": table.note,
                "columns": table.columns,
                "rows": [list(map(_short, row)) for row in table.rows],
            }
            for table in measured
        ],
    }


def measures(kept: Mapping[str, Any]) -> dict[str, Measure]:
    """The targets or the floors of results, by name."""
    return {name: Measure(*value) for name, value in kept.items()}


def _short_measures(found: Iterable[tuple[str, Measure]]) -> dict[str, Cell]:
    return {name: _short(value) for name, value in found}


def _short(cell: Cell) -> Cell:
    match cell:
        case Measure(value, noise):
            return Measure(_rounded(value), _rounded(noise))
        case float():
            return _rounded(cell)
    return cell


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _processor() -> str:
    """Linux's name of the processor; on other systems the machine type."""
    try:
        info = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.machine()
    model = re.search(r"^model name\s*: (.+)$", info, re.MULTILINE)
    return model[1] if model else platform.machine()
