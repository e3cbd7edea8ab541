"""What `pyproject.toml` names is what is installed, and what is there."""

from __future__ import annotations

import re
import tomllib

import pytest

from infra.package.build import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = re.findall(
    r'"(\S+\.txt)(?: pyproject\.toml)?(?: --extra cli)?(?: --group (\S+))?(?: -c \S+)?"',
    (ROOT / "Makefile").read_text(),
)


def pins(lines: list[str]) -> set[tuple[str, str]]:
    """Names and versions, extras left out."""
    found = [re.match(r"([\w.-]+)(?:\[.*?\])?==([^\s;]+)", line) for line in lines]
    return {(pin[1], pin[2]) for pin in found if pin}


@pytest.mark.parametrize(("lock", "group"), LOCKS)
def test_each_pin_is_in_its_lock(lock: str, group: str) -> None:
    named = PROJECT["dependency-groups"][group] if group else PROJECT["project"]["dependencies"]

    assert len(pins(named)) == len(named)
    assert pins(named) <= pins((ROOT / lock).read_text().splitlines())


def test_each_file_that_make_mutants_changes_is_there() -> None:
    paths = PROJECT["tool"]["mutmut"]["only_mutate"]

    assert [path for path in paths if not (ROOT / path).is_file()] == []


def test_each_group_has_a_lock() -> None:
    assert {group for _, group in LOCKS} == {"", *PROJECT["dependency-groups"]}
