"""Groups of uv.lock outside `.venv`: some of them want other versions than the app does."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from infra.checks.run import run, uv

ROOT = Path(__file__).parents[2]
INSTALL_S = 300.0


def commands(group: str, *, beside_dev: bool = False) -> Path:
    """The folder with the commands of a group, in an environment of its own below `.local`.

    Raises CommandError.
    """
    home = ROOT / ".local" / group
    packages = ("--group", group) if beside_dev else ("--only-group", group)
    options = ("--quiet", "--locked", "--project", str(ROOT), "--python", sys.executable)
    environment = os.environ | {"UV_PROJECT_ENVIRONMENT": str(home)}
    run(uv("sync", *options, *packages), f"installing {group}", INSTALL_S, environment)
    return home / "bin"


def install(folder: Path, *groups: str) -> None:
    """Install the packages of groups into a folder. Raises CommandError."""
    with tempfile.TemporaryDirectory() as temporary:
        lock = Path(temporary, "requirements.txt")
        export(lock, *(f"--only-group={group}" for group in groups))
        install_from(folder, "--requirements", str(lock))


def export(lock: Path, *packages: str) -> None:
    """Write those packages of uv.lock, with their hashes. Raises CommandError."""
    options = ("--quiet", "--locked", "--project", str(ROOT), "--no-header", "--no-emit-project")
    run(uv("export", *options, "--output-file", str(lock), *packages), "uv export", INSTALL_S)


def install_from(folder: Path, *what: str) -> None:
    """Install from a list of packages with hashes. Raises CommandError."""
    options = ("--quiet", "--require-hashes", "--python", sys.executable, "--link-mode", "copy")
    install = uv("pip", "install", *options, "--target", str(folder), *what)
    run(install, "uv pip install", INSTALL_S)
