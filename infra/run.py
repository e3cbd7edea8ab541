"""Commands and environments of others, each with a deadline and its failure told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


ROOT = Path(__file__).parents[1]

INSTALL_S = 300.0


class PackageError(Exception):
    """A command did not do its part; the message says what is missing."""


def uv(*command: str) -> list[str]:
    return [sys.executable, "-m", "uv", *command]


def run(
    command: Sequence[str],
    what: str,
    timeout_s: float,
    environment: Mapping[str, str] | None = None,
) -> str:
    """What the command printed. Raises PackageError."""
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PackageError(f"{what} did not end within {timeout_s:.0f} s") from error
    except OSError as error:
        raise PackageError(f"{what} did not start: {error}") from error
    if done.returncode != 0:
        raise PackageError(f"{what} failed: {(done.stderr + done.stdout).strip()}")
    return done.stdout


def environment(home: Path, *locks: str) -> Path:
    """Where the programs are of an environment with what `locks` pin, and nothing else.

    Raises PackageError.
    """
    python = ["--python", sys.executable]
    run(uv("venv", "--quiet", "--allow-existing", *python, str(home)), "uv venv", INSTALL_S)
    paths = [str(ROOT / lock) for lock in locks]
    sync = uv("pip", "sync", "--quiet", "--require-hashes", "--python", str(home), *paths)
    run(sync, f"installing {', '.join(locks)}", INSTALL_S)
    return home / "bin"
