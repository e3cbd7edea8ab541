"""`make audit` says what it found, and does not call fine what it could not look at."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from infra.checks import audit
from infra.checks.run import CommandError

FINE: dict[str, Any] = {"name": "fine", "version": "1.0", "vulns": []}
SKIPPED: dict[str, Any] = {"name": "odd", "skip_reason": "odd was not found"}
BAD: dict[str, Any] = {
    "name": "bad",
    "version": "2.0",
    "vulns": [{"id": "CVE-1", "fix_versions": ["2.1"]}, {"id": "CVE-2", "fix_versions": []}],
}


@pytest.mark.parametrize(
    ("packages", "code", "told"),
    [
        ([FINE, FINE], 0, ["1 packages audited; vulnerabilities: 0."]),
        (
            [BAD, FINE],
            audit.VULNERABLE,
            [
                "bad 2.0: CVE-1, mended in 2.1",
                "bad 2.0: CVE-2, mended in no version yet",
                "2 packages audited; vulnerabilities: 2.",
            ],
        ),
        (
            [FINE, SKIPPED],
            audit.NOT_AUDITED,
            [
                "1 packages audited; vulnerabilities: 0.",
                "error: 1 could not be, such as: odd was not found",
            ],
        ),
    ],
)
def test_it_tells_what_is_vulnerable_and_what_could_not_be_audited(
    packages: list[dict[str, Any]], code: int, told: list[str]
) -> None:
    assert audit.verdict(packages) == (told, code)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ([sys.executable, "-c", "import sys; sys.exit('no network')"], "no network"),
        ([sys.executable, "-c", ""], "told nothing"),
        (["/nowhere/pip-audit"], "nowhere"),
    ],
)
def test_without_a_report_it_says_why(command: list[str], reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        audit._audited(command)
