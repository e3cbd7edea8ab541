"""`uv.lock` and its exports have the packages that `pyproject.toml` names."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from infra.checks import tool_env
from infra.checks.run import run, uv
from infra.package.build import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
NAMED = {"": PROJECT["project"]["dependencies"], **PROJECT["dependency-groups"]}
UV_S = 60.0


@pytest.mark.parametrize("group", NAMED)
def test_each_dependency_is_pinned(group: str) -> None:
    for each in NAMED[group]:
        assert isinstance(each, dict) or re.match(r"[\w.-]+(\[[\w,]+\])?==[^\s;]+", each)


def test_the_lock_matches_the_project() -> None:
    run(uv("lock", "--check", "--offline", "--project", str(ROOT)), "uv lock --check", UV_S)


@pytest.mark.parametrize(
    ("name", "packages"),
    [
        ("requirements.txt", ["--no-dev", "--prune", "rich", "--prune", "typer"]),
        ("infra/uv.txt", ["--only-group", "uv"]),
    ],
)
def test_each_export_matches_the_lock(name: str, packages: list[str], tmp_path: Path) -> None:
    exported = tmp_path / "requirements.txt"
    tool_env.export(exported, *packages)

    assert (ROOT / name).read_text() == exported.read_text()


def test_each_file_that_make_mutants_changes_exists() -> None:
    paths = PROJECT["tool"]["mutmut"]["only_mutate"]

    assert [path for path in paths if not [*ROOT.glob(path)]] == []
