"""A proof that could not be had is never taken for one that was."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.integration.deploy import osls
from tests.paths import ROOT
from tests.support import missing

if TYPE_CHECKING:
    from pathlib import Path

Skipped = pytest.skip.Exception
Failed = pytest.fail.Exception


@pytest.mark.parametrize(
    ("needed", "outcome"), [("", Skipped), ("java,curl", Skipped), ("java,node", Failed)]
)
def test_what_is_missing_skips_and_fails_where_it_is_needed(
    monkeypatch: pytest.MonkeyPatch, needed: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("NEEDED", needed)

    with pytest.raises(outcome, match="no Node"):
        missing("node", "no Node")


def test_a_part_that_nobody_knows_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEEDED", "nodejs")

    with pytest.raises(AssertionError, match="java, node, chromium, curl"):
        missing("node", "no Node")


def test_a_failed_npm_ci_is_no_lack_of_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(ROOT / "package-lock.json", tmp_path)
    monkeypatch.setattr(osls, "ROOT", tmp_path)
    for name, code in {"node": "echo v20.0.0", "npm": "echo no network >&2; exit 1"}.items():
        command = tmp_path / "bin" / name
        command.parent.mkdir(exist_ok=True)
        command.write_text(f"#!/bin/sh\n{code}\n")
        command.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")

    with pytest.raises(AssertionError, match="no network"):
        osls.install()
