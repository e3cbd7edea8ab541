"""The version, from `pyproject.toml`. The Lambda's zip has a short `pyproject.toml` too."""

from __future__ import annotations

import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def version() -> str:
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    return str(project["version"])
