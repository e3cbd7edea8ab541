"""The order of the files: the slowest come first, so that no worker ends alone with one. And the
files that share a worker."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from xdist.scheduler.loadfile import LoadFileScheduling

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
        "e2e/test_readme.py",
        "browser",
        "e2e/test_operating.py",
        "e2e",
        "faults",
        "receivers/test_receiver.py",
        "deploy",
        "artefact",
    )
]
"""Files, and folders of files: the first takes 50 s of processor time, those in no folder 10.
Those that leave a stack of `make run` come before e2e/test_make_run.py, which ends it."""

ONE_WORKER = {
    f"tests/integration/{file}.py": shared
    for shared, files in {
        "make run": (
            *("e2e/test_readme", "e2e/test_operating", "e2e/test_customer"),
            *("e2e/test_make_run", "browser/test_make_run"),
        ),
        "Chromium": (
            *("browser/test_inbox_page", "browser/test_inbox_trouble", "browser/test_site"),
            *("browser/test_portal_deliveries", "browser/test_portal_page"),
            "browser/test_portal_trouble",
        ),
        "moto with Lambda": (
            *("deploy/test_stack", "deploy/test_gateway", "deploy/test_rollback"),
            "deploy/test_deploying",
        ),
        "moto with DynamoDB": (
            *("faults/test_crashes", "faults/test_faulty_convoy", "faults/test_fairness"),
            *("faults/test_workers", "artefact/test_artefact", "artefact/test_costs"),
            *("artefact/test_operator", "deploy/test_backups", "http/test_concurrency"),
            "contract/test_cancelled",
        ),
    }.items()
    for file in files
}
"""Files whose tests share what takes seconds to start, and so run in one worker."""


@cache
def place(path: Path) -> int:
    """The place of a test's file. Files of one place keep their order."""
    places = (place for place, slow in enumerate(SLOWEST) if slow in (path, *path.parents))
    return next(places, len(SLOWEST))


class Scheduling(LoadFileScheduling):  # type: ignore[misc]  # it has no types
    """A worker gets a file at a time, or the files that share something."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return ONE_WORKER.get(file, file)
