"""Each peer as on Lambda: a folder with the contents of its zip, and nothing else.

All peers share a folder with boto3, which Lambda's runtime has. The folders are below build/bench,
and are built again when their sources change.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import zipfile
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from app.runtime.aws import DATA
from benchmarks.compare.handlers import OURS
from infra.checks import tool_env
from infra.checks.run import run
from infra.package import aws_data, bytecode
from infra.package.build import ROOT, Target, build, cut_metadata, remove_dead, write_zip

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benchmarks.compare.handlers import Peer

HERE = Path(__file__).parent
BUILD = ROOT / "build" / "bench"
LOCK, REQUIREMENTS = ROOT / "uv.lock", ROOT / "requirements.txt"
PYTHON = Target.native().python
TOOLS = (Path(__file__), *sorted((ROOT / "infra" / "package").glob("*.py")))

OPERATIONS = aws_data.OPERATIONS | {"DeleteItem", "UpdateItem"}
"""Those of the functions, and of the peers that make other calls."""


@cache
def runtime() -> Path:
    """boto3 and its dependencies, in the lock's versions, with bytecode."""
    folder = BUILD / f"runtime-{_digest([REQUIREMENTS])}"
    if not folder.exists():
        with _whole(folder) as filling:
            _install(filling, "boto3")
            _compile(filling, folder)
    return folder


@cache
def task(peer: Peer, *, compiled: bool) -> Path:
    """The folder of a peer's unpacked zip."""
    zipped = _zip(peer, compiled=compiled)
    folder = zipped.with_suffix("")
    if not folder.exists():
        with _whole(folder) as filling, zipfile.ZipFile(zipped) as archive:
            archive.extractall(filling)
    return folder


def size(peer: Peer) -> int:
    """Bytes of the peer's zip, with bytecode and without Lambda's runtime."""
    return _zip(peer, compiled=True).stat().st_size


def settings(peer: Peer, folder: Path) -> dict[str, str]:
    """The peer's own settings, beside those of all. `folder`: its unpacked zip."""
    own = {"CALLS": peer.calls, "VALIDATE": str(int(peer.validate))}
    return own | ({"AWS_DATA_PATH": str(folder / DATA.name)} if peer.is_tuned else {})


def stub(peer: Peer) -> Path:
    """The script that replaces DynamoDB and Convoy in the peer's process."""
    return HERE / "stubs" / ("ours.py" if peer is OURS else "work.py")


def files(peer: Peer) -> dict[Path, str]:
    """The peer's own files, and their names in its zip."""
    own = {
        HERE / "peers" / f"{peer.work}.py": "work.py",
        HERE / "peers" / f"{peer.handler}.py": "handler.py",
    }
    beside = [ROOT / path for path in peer.beside]
    return own | {path: path.name for path in beside}


def _zip(peer: Peer, *, compiled: bool) -> Path:
    """This project's zip as `make package` builds it, or a peer's, which is built like it."""
    if peer is OURS:
        own = [ROOT / "handler.py", ROOT / "pyproject.toml", *sorted((ROOT / "app").rglob("*.py"))]
    else:
        own = [*files(peer)]
    kind = "bytecode" if compiled else "sources"
    name = f"{peer.handler or peer.name}-{peer.work}-{kind}"
    out = BUILD / f"{name}-{_digest([*own, *TOOLS, LOCK])}.zip"
    if not out.exists() and peer is OURS:
        build(Target.native(), out, compiled=compiled)
    elif not out.exists():
        with tempfile.TemporaryDirectory() as temporary:
            folder, unfinished = Path(temporary, "task"), Path(temporary, "zip")
            _fill(folder, peer, compiled=compiled)
            write_zip(folder, unfinished)
            shutil.move(unfinished, out)
    return out


def _fill(folder: Path, peer: Peer, *, compiled: bool) -> None:
    folder.mkdir()
    if peer.group:
        tool_env.install(folder, peer.group)
    if peer.packages:
        _install(folder, *peer.packages)
    for path, name in files(peer).items():
        shutil.copyfile(path, folder / name)
    remove_dead(folder)
    cut_metadata(folder)
    if peer.is_tuned:
        aws_data.write(folder / DATA.name, OPERATIONS)
    if compiled:
        bytecode.add(folder, PYTHON)


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """Yields a folder to fill, and renames it to `folder` when it is complete."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as unfinished:
        filling = Path(unfinished, folder.name)
        filling.mkdir()
        yield filling
        filling.rename(folder)


def _install(folder: Path, *packages: str) -> None:
    """Install packages of the app, and their dependencies, in the versions of its lock."""
    lines = REQUIREMENTS.read_text().splitlines()
    pinned = [line.split(" ")[0] for line in lines if line.partition("==")[0] in packages]
    tool_env.install_from(folder, "--constraints", str(REQUIREMENTS), *pinned)


def _compile(folder: Path, place: Path) -> None:
    """As in Lambda's runtime: beside the sources."""
    options = ["-q", "-f", "--invalidation-mode", "unchecked-hash"]
    options += ["-s", str(folder), "-p", str(place)]
    command = [sys.executable, "-m", "compileall", *options, str(folder)]
    run(command, "compileall", bytecode.COMPILE_S)


def _digest(paths: Iterable[Path]) -> str:
    seen = sha256(sys.version.encode())
    for path in paths:
        seen.update(path.read_bytes())
    return seen.hexdigest()[:12]
