"""`docs/guarantees.md` and `docs/security.md` name only tests that exist."""

from __future__ import annotations

import re

import pytest

from tests.paths import ROOT

GUARANTEES = (ROOT / "docs" / "guarantees.md").read_text()
SECURITY = (ROOT / "docs" / "security.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", GUARANTEES + SECURITY)))


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_promise_stands_beside_a_test_that_exists(path: str, name: str) -> None:
    assert f"\ndef {name}(" in (ROOT / path).read_text()


def test_every_promise_stands_beside_a_test() -> None:
    rows = re.findall(r"^\| (?!promise|-)(.+?) \| (.+) \|$", GUARANTEES, re.MULTILINE)

    assert len(rows) >= 12
    assert [promise for promise, proof in rows if "::test_" not in proof] == []


def test_every_owasp_risk_stands_beside_a_test() -> None:
    rows = re.findall(r"^\| API(\d+) .+ \| .+ \| (.+) \|$", SECURITY, re.MULTILINE)

    assert [int(number) for number, _ in rows] == list(range(1, 11))
    assert [number for number, proof in rows if "::test_" not in proof] == []
