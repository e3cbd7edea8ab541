"""Builds the Lambda's zip: what `handler` needs, for Lambda's platform and Python, and no more.

    python -m infra.package --arch arm64 --python 3.13 --out build/todo-arm64.zip

The same sources, lock and Python give the same bytes.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import grimp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[1]
TASK = "/var/task"
"""Where Lambda unpacks the zip."""

PLATFORMS = {"arm64": "aarch64-manylinux2014", "x86_64": "x86_64-manylinux2014"}
"""uv's name of each of Lambda's architectures."""

SHIPPED = ("boto3",)
"""What Lambda's runtime brings. With it, and what it alone needs, the zip would be 17 MB larger.

The risk: Lambda's version is another than the lock's, mostly older, and changes unasked.
"""

DEAD = re.compile(r"^bin/|(^|/)tests/|\.pyi$|\.dist-info/RECORD$|^\.lock$")
"""Commands, tests, stubs, and the list of files that has the commands' hashes: made anew each time.

Other metadata stays: some packages read their own version.
"""

SOURCE_ONLY = "convoy/(api|models)/"
"""The SDK's generated code: of its 541 modules 9 are ever imported, and bytecode adds 1.4 MB."""

DOWNLOAD_S = 300.0
COMPILE_S = 300.0
FIND_S = 60.0
"""Seconds for each step: a download of 5 MB, some 600 modules, a look through the PATH."""

Bytecode = Literal["auto", "require", "none"]


class PackageError(Exception):
    """The zip could not be built; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Target:
    """What of Lambda's the zip runs on; `python` is its minor version, as in `3.13`."""

    arch: str = "arm64"
    python: str = "3.13"


def build(target: Target, out: Path, bytecode: Bytecode = "auto") -> None:
    """Write the zip to `out`, whole or not at all. Raises PackageError.

    Without a Python of the target's version here, `auto` warns and leaves out the bytecode.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".package-") as temporary:
        task = Path(temporary, "task")
        install_dependencies(target, task)
        copy_own(task)
        for file in _files(task):
            if DEAD.search(file.relative_to(task).as_posix()):
                file.unlink()
        add_bytecode(task, target.python, bytecode)
        unfinished = Path(temporary, "zip")
        write_zip(task, unfinished)
        unfinished.replace(out)


def install_dependencies(target: Target, task: Path) -> None:
    """Install what the project depends on, and what that needs, in the lock's versions alone."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [line for line in project["dependencies"] if line.partition("==")[0] not in SHIPPED]
    options = [
        "--quiet",
        *("--python-platform", PLATFORMS[target.arch], "--python-version", target.python),
        *("--only-binary", ":all:", "--require-hashes", "--link-mode", "copy"),
        # As constraints, the lock has each hash, and what nothing needs is not installed.
        *("--constraints", str(ROOT / "requirements.txt"), "--target", str(task)),
    ]
    _run([*_uv("pip", "install"), *options, *wanted], "uv pip install", DOWNLOAD_S)


def copy_own(task: Path) -> None:
    """Copy `handler` and what it imports: not the operator's command."""
    graph = grimp.build_graph("app", cache_dir=None)
    modules = {"app", "app.wiring", *graph.find_upstream_modules("app.wiring")}
    files = ["app/__init__.py" if name == "app" else name.replace(".", "/") for name in modules]
    (task / "app").mkdir()
    for file in ["handler", *files]:
        name = f"{file.removesuffix('.py')}.py"
        shutil.copyfile(ROOT / name, task / name)


def add_bytecode(task: Path, python: str, bytecode: Bytecode) -> None:
    """Compile the sources as Python `python` does. Raises PackageError if `require`d in vain."""
    if bytecode == "none":
        return
    try:
        interpreter = find_python(python)
    except PackageError as error:
        if bytecode == "require":
            raise
        print(f"warning: no bytecode, so cold starts will be slower: {error}", file=sys.stderr)
        return
    # Not compared with its source at import: times are those of the build.
    options = ["-q", "-f", "--invalidation-mode", "unchecked-hash", "-x", SOURCE_ONLY]
    paths = ["-s", str(task), "-p", TASK, str(task)]
    # The order of a set constant, in the bytecode, follows the hashes of its strings.
    environment = {"PATH": os.defpath, "PYTHONHASHSEED": "0"}
    command = [interpreter, "-s", "-S", "-m", "compileall", *options, *paths]
    _run(command, "compileall", COMPILE_S, environment)


def find_python(version: str) -> str:
    """The path of a Python of this minor version. Raises PackageError."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    # Before the rest: pyenv's own commands on the PATH fail for a version that is not switched on.
    folders = [str(folder) for folder in sorted(pyenv.glob(f"versions/{version}.*/bin"))]
    path = os.pathsep.join([*folders, os.environ.get("PATH", os.defpath)])
    command = [*_uv("python", "find"), "--no-project", "--no-python-downloads", version]
    return _run(command, f"finding Python {version}", FIND_S, os.environ | {"PATH": path}).strip()


def write_zip(task: Path, out: Path) -> None:
    """Zip the folder's files, in order of their names, as of 1980 (a zip's first year)."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in _files(task):
            entry = zipfile.ZipInfo(file.relative_to(task).as_posix())
            entry.create_system = 3  # Unix: that the next line is about
            entry.external_attr = (0o100755 if file.suffix == ".so" else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())


def summary(out: Path) -> str:
    """Of the zip: its size, its hash, and the ten largest of what it holds."""
    content = out.read_bytes()
    with zipfile.ZipFile(out) as archive:
        entries = archive.infolist()
    sizes: dict[str, int] = {}
    for entry in entries:
        name = entry.filename.partition("/")[0]
        sizes[name] = sizes.get(name, 0) + entry.compress_size
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:10]
    lines = [f"{size / 1e6:8.2f} MB  {name}" for name, size in largest]
    total = f"{out}: {len(content) / 1e6:.2f} MB, {len(entries)} files"
    return "\n".join([*lines, total, f"sha256 {sha256(content).hexdigest()}"])


def _files(folder: Path) -> list[Path]:
    return sorted((path for path in folder.rglob("*") if path.is_file()), key=Path.as_posix)


def _uv(*command: str) -> list[str]:
    return [sys.executable, "-m", "uv", *command]


def _run(
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


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Build the Lambda's zip.")
    parser.add_argument("--arch", choices=PLATFORMS, default=Target().arch)
    parser.add_argument("--python", default=Target().python, help="its minor version: 3.13")
    parser.add_argument("--out", type=Path, help="the zip; unless given, build/todo-ARCH.zip")
    parser.add_argument(
        "--bytecode",
        choices=["auto", "require", "none"],
        default="auto",
        help="auto: if there is a Python of that version here",
    )
    options = parser.parse_args(arguments)
    out = options.out or ROOT / "build" / f"todo-{options.arch}.zip"
    target = Target(options.arch, options.python)
    try:
        build(target, out, cast("Bytecode", options.bytecode))
    except PackageError as error:
        sys.exit(f"error: {error}")
    print(summary(out))


if __name__ == "__main__":
    main()
