"""The commands that make the zip, each with a deadline and its failure told."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class PackageError(Exception):
    """The zip could not be built; the message says what is missing."""


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
