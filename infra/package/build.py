"""Builds the Lambda's zip: only what `handler` needs, for Lambda's platform and Python.

    python -m infra.package.build --arch arm64 --python 3.13 --out build/lambda-arm64.zip

The same sources, lock file and Python give the same bytes.
"""

from __future__ import annotations

import argparse
import platform
import re
import shutil
import sys
import tempfile
import tomllib
import zipfile
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Self

import grimp

from app.runtime.aws import DATA
from app.runtime.version import PYPROJECT, version
from infra.checks.run import CommandError, run, uv
from infra.package import aws_data, bytecode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).parents[2]
PLATFORMS = {"arm64": "aarch64-manylinux2014", "x86_64": "x86_64-manylinux2014"}
"""uv's names of Lambda's architectures."""

SHIPPED = ("boto3", "botocore", "urllib3")
"""Packages in Lambda's runtime. With them and their own dependencies the zip would be 17 MB larger.

The risk: Lambda's version differs from the lock's. It is mostly older, and AWS changes it at any
time. The tests of the zip (tests/integration/artefact) also run it with a version a year older.
"""

COMMAND = ("python-dotenv", "rich", "typer")
"""Packages that only the operator's command imports."""

DEAD = re.compile(
    r"^bin/|/__main__\.py$|^\w+/cli\.py$|(^|/)tests/|/testclient\.py$|\.pyi$|/py\.typed$|^\.lock$"
    r"|/templating\.py$|^starlette/middleware/sessions\.py$"
    r"|\.dist-info/(RECORD|INSTALLER|REQUESTED|WHEEL|top_level|sboms/)|^pydantic/v1/"
    r"|^anyio/(pytest_plugin|_backends/_trio)\.py$|^httpx/_main\.py$|^pydantic/mypy\.py$"
    r"|^(httpcore|h11)(-[^/]+\.dist-info)?/|^dotenv/ipython\.py$"
    r"|^pythonjsonlogger/(msgspec|orjson)\.py$"
)
"""Commands, tests, types, templates, sessions, RECORD (it differs in each build), the installer's
notes, and pydantic's version 1, which FastAPI works without. Then modules that import a package
which the zip does not have: trio, pytest, click, mypy, IPython, msgspec, orjson. Then httpcore with
h11: httpx imports it in a transport of its own, and the functions have another.
"""

SDK = "convoy"
HANDLER_IMPORTS = (
    "app.runtime.cold_start",
    "app.wiring.api",
    "app.wiring.customers",
    "app.wiring.relay",
)

DOWNLOAD_S = 300.0


@dataclass(frozen=True, slots=True)
class Target:
    """The Lambda platform of the zip; `python` is the minor version, as in `3.13`."""

    arch: str = "arm64"
    python: str = "3.13"

    @classmethod
    def native(cls) -> Self:
        """The target that this machine and this Python can run."""
        arch = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
        return cls(arch, f"{sys.version_info.major}.{sys.version_info.minor}")


def build(target: Target, out: Path, *, compiled: bool = True) -> None:
    """Write the zip to `out`, whole or not at all. Raises CommandError.

    With `compiled`, this machine needs a Python of the target's version.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".package-") as temporary:
        task = Path(temporary, "task")
        install_dependencies(target, task)
        copy_own(task)
        write_version(task)
        thin_sdk(task)
        remove_dead(task)
        cut_metadata(task)
        aws_data.write(task / DATA.name)
        if compiled:
            bytecode.add(task, target.python)
        unfinished = Path(temporary, "zip")
        write_zip(task, unfinished)
        unfinished.replace(out)


def install_dependencies(target: Target, task: Path) -> None:
    """Install the project's dependencies, and their dependencies, in the versions of the lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    left_out = {*SHIPPED, *COMMAND}
    wanted = [line for line in project["dependencies"] if line.partition("==")[0] not in left_out]
    options = [
        "--quiet",
        *("--python-platform", PLATFORMS[target.arch], "--python-version", target.python),
        *("--only-binary", ":all:", "--require-hashes", "--link-mode", "copy"),
        # As constraints, the lock gives versions and hashes, and adds no package.
        *("--constraints", str(ROOT / "requirements.txt"), "--target", str(task)),
    ]
    run([*uv("pip", "install"), *options, *wanted], "uv pip install", DOWNLOAD_S)


def copy_own(task: Path) -> None:
    """Copy `handler` and its imports; the operator's command is not among them."""
    used = _sources(imported())
    for source in [ROOT / "handler.py", *(ROOT / "app").rglob("*.py")]:
        name = source.relative_to(ROOT).as_posix()
        if name in used | {"handler.py"}:
            (task / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, task / name)


def write_version(task: Path) -> None:
    """Write, of pyproject.toml, what `app.runtime.version` reads."""
    (task / PYPROJECT.name).write_text(f'[project]\nversion = "{version()}"\n')


def thin_sdk(task: Path) -> None:
    """Keep only the modules of the SDK that the functions import: a few of its 541.

    `app.convoy.sdk` replaces the package of its models, whose `__init__` imports them all.
    """
    used = _sources(imported()) - {f"{SDK}/models/__init__.py"}
    for source in (task / SDK).rglob("*.py"):
        if source.relative_to(task).as_posix() not in used:
            source.unlink()


def remove_dead(task: Path) -> None:
    for file in _files(task):
        if DEAD.search(file.relative_to(task).as_posix()):
            file.unlink()


def cut_metadata(task: Path) -> None:
    """Leave out the packages' descriptions. The fields stay: packages read their own versions."""
    for file in task.glob("*.dist-info/METADATA"):
        file.write_bytes(file.read_bytes().partition(b"\n\n")[0] + b"\n")


@cache
def imported() -> frozenset[str]:
    """The modules of the app and the SDK that `handler` imports, and their packages."""
    graph = grimp.build_graph("app", SDK, cache_dir=None)
    modules = {*HANDLER_IMPORTS}.union(*map(graph.find_upstream_modules, HANDLER_IMPORTS))
    packages = {name.rpartition(".")[0] for name in modules}
    return frozenset(modules | packages | {name.rpartition(".")[0] for name in packages})


def _sources(modules: Iterable[str]) -> set[str]:
    paths = [name.replace(".", "/") for name in modules]
    return {f"{path}{end}" for path in paths for end in (".py", "/__init__.py")}


def write_zip(task: Path, out: Path) -> None:
    """Zip the folder's files, in the order of their names, dated 1980 (a zip's first year)."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in _files(task):
            entry = zipfile.ZipInfo(file.relative_to(task).as_posix())
            entry.create_system = 3  # Unix: the next line sets its file modes
            entry.external_attr = (0o100755 if file.suffix == ".so" else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())


def summary(out: Path) -> str:
    """The zip's ten largest packages, its size, and its hash."""
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


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Build the Lambda's zip.")
    parser.add_argument("--arch", choices=PLATFORMS, default=Target().arch)
    parser.add_argument("--python", default=Target().python, help="the minor version: 3.13")
    parser.add_argument("--out", type=Path, help="the zip (default: build/lambda-ARCH.zip)")
    parser.add_argument(
        "--no-bytecode", action="store_true", help="needs no Python of that version here"
    )
    options = parser.parse_args(arguments)
    out = options.out or ROOT / "build" / f"lambda-{options.arch}.zip"
    target = Target(options.arch, options.python)
    try:
        build(target, out, compiled=not options.no_bytecode)
    except CommandError as error:
        sys.exit(f"error: {error}")
    print(summary(out))


if __name__ == "__main__":
    main()
