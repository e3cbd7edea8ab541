"""`docs/guarantees.md` names tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUARANTEES = (ROOT / "docs" / "guarantees.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", GUARANTEES)


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_promise_stands_beside_a_test_that_exists(path: str, name: str) -> None:
    assert f"\ndef {name}(" in (ROOT / path).read_text()


def test_every_promise_stands_beside_a_test() -> None:
    rows = re.findall(r"^\| (?!promise|-)(.+?) \| (.+) \|$", GUARANTEES, re.MULTILINE)

    assert len(rows) >= 12
    assert [promise for promise, proof in rows if "::test_" not in proof] == []
