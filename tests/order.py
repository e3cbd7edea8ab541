"""The order of the files: the slowest come first, so that no worker ends alone with one."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SLOWEST = [
    ROOT / "tests" / "integration" / name
    for name in (
        "e2e/test_adapt.py",
        "faults/test_crashes.py",
        "deploy/test_stack.py",
        "attack/test_document.py",
        "e2e",
        "browser",
        "faults",
        "receivers/test_receiver.py",
        "deploy",
        "artefact",
    )
]
"""Files, and folders of files: the first takes 50 s of processor time, those in no folder 10."""


@cache
def place(path: Path) -> int:
    """The place of a test's file. Files of one place keep their order."""
    places = (place for place, slow in enumerate(SLOWEST) if slow in (path, *path.parents))
    return next(places, len(SLOWEST))
