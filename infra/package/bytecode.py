"""The bytecode in the Lambda's zip: Lambda's file system is read-only, and keeps none.

Of the dependencies it replaces the source, which makes the zip a sixth smaller; a traceback then
names their files and lines, without the text. Like pydantic's native module, it is for the one
version of Python that the zip is for.
"""

from __future__ import annotations

import os
from pathlib import Path

from infra.checks.run import CommandError, run, uv

TASK = "/var/task"
"""Where Lambda unpacks the zip."""

OWN = ("app", "handler.py")

COMPILE_S = 300.0
FIND_S = 60.0
"""Seconds for each step: some 400 modules, a look through the PATH."""


def add(task: Path, python: str) -> None:
    """Compile the sources as Python `python` does. Raises CommandError."""
    interpreter = find_python(python)
    own = [task / name for name in OWN if (task / name).exists()]
    others = sorted(path for path in task.iterdir() if path not in own)
    _compile(interpreter, task, own)
    # In the place of their sources, where Python takes bytecode that has none.
    _compile(interpreter, task, others, "-b")
    for other in others:
        for source in [other] if other.suffix == ".py" else other.rglob("*.py"):
            source.unlink()


def find_python(version: str) -> str:
    """The path of a Python of this minor version. Raises CommandError."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    # Before the rest: pyenv's own commands on the PATH fail for a version that is not switched on.
    folders = [str(folder) for folder in sorted(pyenv.glob(f"versions/{version}.*/bin"))]
    path = os.pathsep.join([*folders, os.environ.get("PATH", os.defpath)])
    command = [*uv("python", "find"), "--no-project", "--no-python-downloads", version]
    environment = os.environ | {"PATH": path}
    try:
        return run(command, f"finding Python {version}", FIND_S, environment).strip()
    except CommandError as error:
        brings = " ".join(uv("python", "install", version))
        told = "cold starts take twice as long without its bytecode"
        raise CommandError(f"{error}\n{told}: `{brings}` brings it") from error


def _compile(interpreter: str, task: Path, paths: list[Path], *where: str) -> None:
    if not paths:
        return  # compileall would take the folder that it runs in, and Python's own library
    # Not compared with its source at import: times are those of the build.
    options = ["-q", "-f", "--invalidation-mode", "unchecked-hash", *where]
    # The order of a set constant, in the bytecode, follows the hashes of its strings.
    environment = {"PATH": os.defpath, "PYTHONHASHSEED": "0"}
    command = [interpreter, "-s", "-S", "-m", "compileall", *options, "-s", str(task), "-p", TASK]
    run([*command, *map(str, paths)], "compileall", COMPILE_S, environment)
