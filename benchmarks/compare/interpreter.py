"""Runs the comparison on the deployed functions' version of Python, with the project's packages."""

from __future__ import annotations

import os
import sys

from infra.checks.run import CommandError, run, uv
from infra.checks.tool_env import INSTALL_S
from infra.package.build import ROOT, Target
from infra.package.bytecode import find_python


def switch() -> None:
    """Replace this process by one on that Python, unless this is one. Raises CommandError."""
    version = Target().python
    if version == Target.native().python:
        return
    print(f"Measuring on Python {version}, which the functions run on.", file=sys.stderr)
    python = environment(version)
    os.execv(python, [python, "-m", "benchmarks.compare", *sys.argv[1:]])  # noqa: S606


def environment(version: str) -> str:
    """The Python of an environment below `.local`. Raises CommandError."""
    home = ROOT / ".local" / f"python{version}"
    options = ("--quiet", "--locked", "--project", str(ROOT), "--python", _python(version))
    settings = os.environ | {"UV_PROJECT_ENVIRONMENT": str(home)}
    run(uv("sync", *options), f"installing the packages for Python {version}", INSTALL_S, settings)
    return str(home / "bin" / "python")


def _python(version: str) -> str:
    try:
        return find_python(version)
    except CommandError:
        run(uv("python", "install", version), f"installing Python {version}", INSTALL_S)
        return find_python(version)
