"""Adds bytecode to the Lambda's zip: Lambda's file system is read-only, so Python can't store any.

The dependencies' bytecode replaces their source, which makes the zip a sixth smaller. A traceback
then shows their files and line numbers, without the code. No bytecode has columns, with which a
traceback marks a part of a line: the zip is a tenth smaller without them. Like pydantic's native
module, the bytecode fits only the version of Python that the zip is for.
"""

from __future__ import annotations

import os
from pathlib import Path

from infra.checks.run import CommandError, run, uv

TASK = "/var/task"
"""The folder into which Lambda unpacks the zip."""

OWN = ("app", "handler.py")

COMPILE_S = 300.0
FIND_S = 60.0
"""Seconds to compile some 400 modules, and to search the PATH."""


def add(task: Path, python: str) -> None:
    """Compile the sources with this version of Python. Raises CommandError."""
    interpreter = find_python(python)
    own = [task / name for name in OWN if (task / name).exists()]
    others = sorted(path for path in task.iterdir() if path not in own)
    _compile(interpreter, task, own)
    # -b writes the bytecode beside the source, where Python reads it without a source.
    _compile(interpreter, task, others, "-b")
    for other in others:
        for source in [other] if other.suffix == ".py" else other.rglob("*.py"):
            source.unlink()


def find_python(version: str) -> str:
    """The path of a Python with this minor version. Raises CommandError."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    # First, because pyenv's commands on the PATH fail for a version that is not activated.
    folders = [str(folder) for folder in sorted(pyenv.glob(f"versions/{version}.*/bin"))]
    path = os.pathsep.join([*folders, os.environ.get("PATH", os.defpath)])
    command = [*uv("python", "find"), "--no-project", "--no-python-downloads", version]
    environment = os.environ | {"PATH": path}
    try:
        return run(command, f"finding Python {version}", FIND_S, environment).strip()
    except CommandError as error:
        install = " ".join(uv("python", "install", version))
        raise CommandError(
            f"{error}\nInstall it: `{install}`."
            " Or take --no-bytecode: cold starts are twice as long then"
        ) from error


def _compile(interpreter: str, task: Path, paths: list[Path], *where: str) -> None:
    if not paths:
        return  # without paths, compileall compiles its working directory and Python's library
    # Unchecked: an import does not compare the bytecode with its source.
    options = ["-q", "-f", "--invalidation-mode", "unchecked-hash", *where]
    # The hashes of strings decide the order of set constants in the bytecode.
    environment = {"PATH": os.defpath, "PYTHONHASHSEED": "0"}
    python = [interpreter, "-s", "-S", "-X", "no_debug_ranges"]
    command = [*python, "-m", "compileall", *options, "-s", str(task), "-p", TASK]
    run([*command, *map(str, paths)], "compileall", COMPILE_S, environment)
