"""The operator's command, with only the packages of `make operator`."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from infra.checks import tool_env
from infra.package.build import ROOT

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = [("outbox", "list"), ("relay",), ("convoy", "--help")]


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("operator")
    lock = folder / "requirements.txt"
    tool_env.export(lock, "--no-dev", "--group", "operator")
    tool_env.install_from(folder / "packages", "--requirements", str(lock))
    return folder / "packages"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_operators_command_runs_on_its_own_group(
    command: tuple[str, ...], packages: Path, environment: dict[str, str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-s", "-S", "-m", "app", *command],
        cwd=ROOT,
        env=environment | {"PYTHONPATH": os.fspath(packages)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr


def test_the_operators_group_has_no_stand_in_no_browser_and_no_test_runner(packages: Path) -> None:
    installed = {path.name for path in packages.iterdir()}

    assert {"boto3", "convoy", "typer"} <= installed
    assert not installed & {"moto", "playwright", "pytest"}
