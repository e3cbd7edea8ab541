"""`docs/architecture.md` has a row for each file, and names no file that does not exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOMS = (ROOT / "docs" / "architecture.md").read_text().partition("\n## Rooms\n")[2]


def patterns() -> set[str]:
    """The paths of the first column. A name without a folder is in the folder of the first one."""
    found = set()
    for cell in re.findall(r"^\| (`.+?) \|", ROOMS, re.MULTILINE):
        first, *others = re.findall(r"`([^`]+)`", cell)
        folder = Path(first).parent
        found |= {first, *(name if "/" in name[:-1] else f"{folder}/{name}" for name in others)}
    return {f"{each}**/*" if each.endswith("/") else each for each in found}


def described() -> Iterator[tuple[str, str]]:
    """The folder of each row, and each module that the row's second column names."""
    for first, second in re.findall(r"^\| `([^`]+)`.*? \| (.+?) \|", ROOMS, re.MULTILINE):
        for name in re.findall(r"`(\w+\.py)`", second):
            yield first, name


def matching(pattern: str) -> set[str]:
    paths = ROOT.glob(pattern)
    return {path.relative_to(ROOT).as_posix() for path in paths if path.is_file()}


@pytest.mark.parametrize("folder", ["app", "infra"])
def test_each_file_has_a_row(folder: str) -> None:
    files = {path for path in matching(f"{folder}/**/*") if "/__pycache__/" not in path}
    files -= {path for path in files if path.endswith("/__init__.py")}

    assert files - set().union(*map(matching, patterns())) == set()


def test_each_row_has_a_file() -> None:
    assert [pattern for pattern in patterns() if not matching(pattern)] == []


def test_each_module_that_a_row_describes_is_in_its_room() -> None:
    rows = list(described())

    assert [row for row in rows if not (ROOT / row[0] / row[1]).is_file()] == []
    assert len(rows) > 20
