"""CHANGELOG.md has the form of Keep a Changelog 1.1.0, and its newest release is the version."""

from __future__ import annotations

import re
from datetime import date

from app.runtime.version import version
from tests.paths import ROOT

TEXT = (ROOT / "CHANGELOG.md").read_text()
SECTION = re.compile(r"^## (.*)$", re.MULTILINE)
RELEASE = re.compile(r"\[(\d+)\.(\d+)\.(\d+)\] - (\d{4}-\d\d-\d\d)")
KINDS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]


def test_unreleased_changes_stand_before_the_releases_newest_first() -> None:
    unreleased, *releases = SECTION.findall(TEXT)
    found = [RELEASE.fullmatch(heading) for heading in releases]
    order = [(date.fromisoformat(r[4]), int(r[1]), int(r[2]), int(r[3])) for r in found if r]

    assert unreleased == "[Unreleased]"
    assert len(order) == len(releases)
    assert order == sorted(order, reverse=True)


def test_each_change_is_an_entry_below_its_kind() -> None:
    for section in SECTION.split(TEXT)[2::2]:
        kinds = re.findall(r"^### (.*)$", section, re.MULTILINE)
        lines = [line for line in section.splitlines() if line and not line.startswith("### ")]

        assert kinds == [kind for kind in KINDS if kind in kinds]
        assert all(line.startswith(("- ", "  ")) for line in lines), lines


def test_the_newest_release_is_the_projects_version() -> None:
    assert SECTION.findall(TEXT)[1].startswith(f"[{version()}] - ")
