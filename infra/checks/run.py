"""Runs the commands of other programs, each with a deadline and a message for its failure."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class CommandError(Exception):
    """A command failed; the message says which one, and why."""


def uv(*command: str) -> list[str]:
    return [sys.executable, "-m", "uv", *command]


def run(
    command: Sequence[str],
    what: str,
    timeout_s: float,
    environment: Mapping[str, str] | None = None,
) -> str:
    """The command's output. Raises CommandError if the command fails."""
    done = completed(command, what, timeout_s, environment)
    if done.returncode != 0:
        raise CommandError(f"{what} failed: {(done.stderr + done.stdout).strip()}")
    return done.stdout


def completed(
    command: Sequence[str],
    what: str,
    timeout_s: float,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """The command's result, for any exit code. Raises CommandError if it did not start or end."""
    try:
        return subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"{what} did not end within {timeout_s:.0f} s") from error
    except OSError as error:
        raise CommandError(f"{what} did not start: {error}") from error
