"""A test that can't run never counts as a test that passed."""

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
def test_a_missing_tool_skips_a_test_or_fails_it_if_needed(
    monkeypatch: pytest.MonkeyPatch, needed: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("NEEDED", needed)

    with pytest.raises(outcome, match="no Node"):
        missing("node", "no Node")


def test_an_unknown_tool_in_needed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEEDED", "nodejs")

    with pytest.raises(AssertionError, match="java, node, chromium, curl"):
        missing("node", "no Node")


def test_a_failed_npm_ci_is_not_a_missing_node(
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
