"""The page on performance names only modules that a cold start imports."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
COSTS = ROOT / "tests" / "integration" / "artefact" / "costs.json"


def test_a_cold_start_imports_each_module_of_the_table() -> None:
    page = (ROOT / "docs" / "performance.md").read_text()
    named = re.findall(r"^\| `([\w.]+)`\s+\|\s+\d+ \|", page, re.MULTILINE)

    assert len(named) > 20
    assert set(named) <= set(json.loads(COSTS.read_text())["modules"])
