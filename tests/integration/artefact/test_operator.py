"""The operator's command, as `pip install .` or `make operator` installs it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from app.cli.called import NAME
from app.runtime.version import version
from infra.checks import tool_env
from infra.checks.run import run, uv
from infra.package.build import ROOT

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = [("outbox", "list"), ("relay",), ("convoy", "endpoints", "--json"), ("--version",)]
BUILD_S = 60.0


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as pip builds it. `--offline`: `make` downloads no build backend."""
    folder = tmp_path_factory.mktemp("wheel")
    run(uv("build", "--wheel", "--offline", "--out-dir", str(folder), str(ROOT)), "build", BUILD_S)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def packages(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("operator")
    lock = folder / "requirements.txt"
    tool_env.export(lock, "--no-dev")
    tool_env.install_from(folder / "packages", "--requirements", str(lock))
    options = ("--quiet", "--no-deps", "--offline", "--python", sys.executable)
    target = ("--target", str(folder / "packages"), str(wheel))
    run(uv("pip", "install", *options, *target), "uv pip install", BUILD_S)
    return folder / "packages"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_installed_command_runs_without_the_checkout(
    command: tuple[str, ...], packages: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-s", "-S", packages / "bin" / NAME, *command],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": os.fspath(packages)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    if command == ("--version",):
        assert done.stdout == f"{NAME} {version()}\n"


def test_the_installation_has_no_stand_in_no_browser_and_no_test_runner(packages: Path) -> None:
    installed = {path.name for path in packages.iterdir()}

    assert {"boto3", "convoy", "typer"} <= installed
    assert not installed & {"moto", "playwright", "pytest"}


def test_the_wheel_has_the_app_the_license_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}

    own = {name for name in names if name.startswith("app/")}
    assert own == {path.relative_to(ROOT).as_posix() for path in (ROOT / "app").rglob("*.py")}
    assert {name.partition("/")[2] for name in names - own} == {
        "METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE",
    }  # fmt: skip
