"""Each module that a cold start takes long for has a reason."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.compare import modules

ROOT = Path(__file__).parents[3]
COSTS = ROOT / "tests" / "integration" / "artefact" / "costs.json"


def test_each_slow_module_of_the_results_has_a_reason() -> None:
    kept = json.loads((ROOT / "benchmarks" / "results.json").read_text())
    [table] = (each for each in kept["tables"] if each["name"] == "modules")
    slow = [row[0].strip("`") for row in table["rows"]]

    assert len(slow) > 20
    assert [name for name in slow if not modules.reason(name)] == []


def test_a_cold_start_imports_each_module_that_has_a_reason() -> None:
    assert modules.REASONS.keys() <= {"handler", *json.loads(COSTS.read_text())["modules"]}
