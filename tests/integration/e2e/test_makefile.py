"""What `make` says of a Python that it can't use, and what it does with an old `.venv`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

OLD = f"""#!/bin/sh
exec "{sys.executable}" -c '
import sys
sys.version_info, sys.version = (3, 9, 18), "3.9.18 (main)"
code = sys.argv.pop(2)
del sys.argv[0]
exec(code)' "$@"
"""
PROJECT = """[project]
name = "without-packages"
version = "1"
requires-python = ">=3.11"
"""
LOCK = """version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "without-packages"
version = "1"
source = { virtual = "." }
"""
INSTALL_S = 120


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """One that needs no package but uv, in a path with a space."""
    folder = tmp_path / "a checkout"
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "uv.lock").write_text(LOCK)
    (folder / "infra").mkdir()
    shutil.copy(ROOT / "infra" / "uv.txt", folder / "infra")
    return folder


def test_a_python_that_is_not_there_is_named_with_what_to_do(checkout: Path) -> None:
    code, told = make(checkout, "PYTHON=nopython")

    assert code != 0
    assert told.startswith("error: there is no nopython. Install Python 3.11 or later, or name it:")


def test_a_python_that_is_too_old_is_named_with_what_to_do(checkout: Path) -> None:
    executable(checkout / "old")

    code, told = make(checkout, "PYTHON=./old")

    assert code != 0
    assert told.startswith(
        "error: Python 3.11 or later is needed, and ./old is 3.9.18. Name another: make PYTHON="
    )
    assert not (checkout / ".venv").exists()


def test_an_environment_of_a_python_that_is_too_old_is_told_with_what_to_do(
    checkout: Path,
) -> None:
    executable(checkout / ".venv" / "bin" / "python")

    code, told = make(checkout, f"PYTHON={sys.executable}")

    assert code != 0
    assert told.startswith(
        "error: Python 3.11 or later is needed, and .venv is 3.9.18. Do away with it: make clean"
    )


def test_an_environment_whose_python_is_gone_is_made_anew(checkout: Path) -> None:
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(checkout / "gone")
    (checkout / ".venv" / "ready").touch()

    code, told = make(checkout, f"PYTHON={sys.executable}")

    assert code == 0, told
    assert subprocess.run([python, "-c", ""], check=False).returncode == 0


def test_an_installation_says_each_step_and_is_not_repeated(checkout: Path) -> None:
    first, again = (installed(checkout, f"PYTHON={sys.executable}") for _ in range(2))

    assert [line for line in first.stdout.splitlines() if ".venv" in line] == [
        "Making a virtual environment in .venv.",
        "Installing uv into .venv.",
        "Installing the packages of uv.lock into .venv.",
    ]
    assert again.stdout == "make: '.venv/ready' is up to date.\n"


def make(checkout: Path, *options: str) -> tuple[int, str]:
    """Its exit code, and its errors."""
    done = installed(checkout, *options)
    return done.returncode, done.stderr


def installed(checkout: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", ".venv/ready", *options],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
        timeout=INSTALL_S,
    )


def executable(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(OLD)
    path.chmod(0o755)
