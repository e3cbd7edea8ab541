"""`make` reports a Python that it can't use, and renews a broken `.venv`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import CompletedProcess

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
    return make_checkout(tmp_path)


@pytest.fixture(scope="module")
def renewed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CompletedProcess[str]]:
    """A checkout whose environment had lost its Python, and the installation that followed."""
    checkout = make_checkout(tmp_path_factory.mktemp("renewed"))
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(checkout / "gone")
    (checkout / ".venv" / "ready").touch()
    return checkout, run_make(checkout, f"PYTHON={sys.executable}")


def make_checkout(parent: Path) -> Path:
    """A checkout that needs only uv, in a path with a space."""
    folder = parent / "a checkout"
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "uv.lock").write_text(LOCK)
    (folder / "infra").mkdir()
    shutil.copy(ROOT / "infra" / "uv.txt", folder / "infra")
    return folder


def test_a_missing_python_is_named_with_what_to_do(checkout: Path) -> None:
    code, errors = make(checkout, "PYTHON=nopython")

    assert code != 0
    assert errors.startswith("error: nopython is not installed. Install Python 3.11 or later,")


def test_an_old_python_is_named_with_what_to_do(checkout: Path) -> None:
    executable(checkout / "old")

    code, errors = make(checkout, "PYTHON=./old")

    assert code != 0
    assert errors.startswith(
        "error: ./old is Python 3.9.18, and 3.11 or later is needed. Name another: make PYTHON="
    )
    assert not (checkout / ".venv").exists()


def test_an_environment_with_an_old_python_is_named_with_what_to_do(
    checkout: Path,
) -> None:
    executable(checkout / ".venv" / "bin" / "python")

    code, errors = make(checkout, f"PYTHON={sys.executable}")

    assert code != 0
    assert errors.startswith(
        "error: .venv is Python 3.9.18, and 3.11 or later is needed. Delete it: make clean"
    )


def test_an_environment_without_its_python_is_made_again(
    renewed: tuple[Path, CompletedProcess[str]],
) -> None:
    checkout, installation = renewed

    assert installation.returncode == 0, installation.stderr
    python = checkout / ".venv" / "bin" / "python"
    assert subprocess.run([python, "-c", ""], check=False).returncode == 0


def test_an_installation_says_each_step_and_is_not_repeated(
    renewed: tuple[Path, CompletedProcess[str]],
) -> None:
    checkout, first = renewed
    again = run_make(checkout, f"PYTHON={sys.executable}")

    assert [line for line in first.stdout.splitlines() if ".venv" in line] == [
        "Making a virtual environment in .venv.",
        "Installing uv into .venv.",
        "Installing the packages of uv.lock into .venv.",
    ]
    assert again.stdout == "make: '.venv/ready' is up to date.\n"


def make(checkout: Path, *options: str) -> tuple[int, str]:
    """The exit code and the errors of `make .venv/ready`."""
    done = run_make(checkout, *options)
    return done.returncode, done.stderr


def run_make(checkout: Path, *options: str) -> CompletedProcess[str]:
    of_make = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}  # of the `make test` that runs this
    environment = {name: value for name, value in os.environ.items() if name not in of_make}
    environment["PATH"] = path_without_uv()
    return subprocess.run(
        ["make", ".venv/ready", *options],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=INSTALL_S,
    )


def path_without_uv() -> str:
    """uv removes itself from an environment that it made, for a project that does not name it."""
    folders = os.environ["PATH"].split(os.pathsep)
    return os.pathsep.join(each for each in folders if shutil.which("uv", path=each) is None)


def executable(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(OLD)
    path.chmod(0o755)
