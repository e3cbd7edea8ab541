"""Each peer as on Lambda: a folder with the contents of its zip, and nothing else.

All peers share a folder with boto3, which Lambda's runtime has. The folders are below build/bench,
and are built again when their sources change.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from infra.checks import tool_env
from infra.package.build import ROOT, Target, build
from infra.package.bytecode import find_python

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HERE = Path(__file__).parent
BUILD = ROOT / "build" / "bench"
LOCK = ROOT / "uv.lock"


@dataclass(frozen=True, slots=True)
class Peer:
    """`outbox`: whether the peer guarantees that no event is lost."""

    name: str
    title: str
    outbox: bool
    group: str | None = None
    handler: str | None = None
    settings: tuple[tuple[str, str], ...] = ()


OURS = Peer("ours", "this project", outbox=True)
BARE = Peer("bare", "bare handler", outbox=False, handler="bare", settings=(("WITH_OUTBOX", "0"),))
BARE_OUTBOX = Peer(
    "bare-outbox", "bare handler, outbox", outbox=True, handler="bare",
    settings=(("WITH_OUTBOX", "1"),),
)  # fmt: skip
POWERTOOLS = Peer(
    "powertools", "Powertools, outbox", outbox=True, group="bench-powertools", handler="powertools",
    settings=(("WITH_OUTBOX", "1"), ("VALIDATE", "0")),
)  # fmt: skip
VALIDATED = Peer(
    "powertools-validated", "Powertools, outbox, validation", outbox=True, group="bench-powertools",
    handler="powertools", settings=(("WITH_OUTBOX", "1"), ("VALIDATE", "1")),
)  # fmt: skip
TUTORIAL = Peer(
    "tutorial", "the tutorial's way", outbox=False, group="bench-tutorial", handler="tutorial"
)

PEERS = (OURS, BARE_OUTBOX, VALIDATED, POWERTOOLS, BARE, TUTORIAL)


@cache
def runtime() -> Path:
    """boto3 and its dependencies, in the lock's versions, with bytecode."""
    lock = ROOT / "requirements.txt"
    folder = BUILD / f"runtime-{_digest([lock])}"
    if not folder.exists():
        boto3 = next(
            line.split(" ")[0] for line in lock.read_text().splitlines() if "boto3==" in line
        )
        with _whole(folder) as filling:
            tool_env.install_from(filling, "--constraints", str(lock), boto3)
            _compile(filling, folder)
    return folder


@cache
def zip_of_ours(*, bytecode: bool) -> Path:
    """The project's zip for this machine, as `make package` builds it."""
    sources = [ROOT / name for name in ("handler.py", "pyproject.toml", "requirements.txt")]
    sources += sorted((ROOT / "infra" / "package").glob("*.py"))
    sources += sorted((ROOT / "app").rglob("*.py"))
    kind = "bytecode" if bytecode else "sources"
    out = BUILD / f"ours-{kind}-{_digest(sources)}.zip"
    if not out.exists():
        build(Target.native(), out, compiled=bytecode)
    return out


@cache
def task(peer: Peer, *, bytecode: bool) -> Path:
    """The folder of a peer's unpacked zip."""
    kind = "bytecode" if bytecode else "sources"
    if peer.handler is None:
        zipped = zip_of_ours(bytecode=bytecode)
        folder = zipped.with_suffix("")
        if not folder.exists():
            with _whole(folder) as filling, zipfile.ZipFile(zipped) as archive:
                archive.extractall(filling)
        return folder
    own = [HERE / "peers" / "work.py", HERE / "peers" / f"{peer.handler}.py"]
    folder = BUILD / f"{peer.handler}-{kind}-{_digest([*own, LOCK])}"
    if not folder.exists():
        with _whole(folder) as filling:
            if peer.group:
                tool_env.install(filling, peer.group)
            shutil.copyfile(own[0], filling / "work.py")
            shutil.copyfile(own[1], filling / "handler.py")
            if bytecode:
                _compile(filling, folder)
    return folder


def stub(peer: Peer) -> Path:
    """The script that replaces DynamoDB and Convoy in the peer's process."""
    return HERE / "stubs" / ("ours.py" if peer.handler is None else "work.py")


def size(peer: Peer) -> int:
    """Bytes of the peer's zip, with bytecode and without Lambda's runtime."""
    if peer.handler is None:
        return zip_of_ours(bytecode=True).stat().st_size
    packed = BUILD / f"{task(peer, bytecode=True).name}.zip"
    if not packed.exists():
        shutil.make_archive(str(packed.with_suffix("")), "zip", task(peer, bytecode=True))
    return packed.stat().st_size


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """Yields a folder to fill, and renames it to `folder` when it is complete."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as unfinished:
        filling = Path(unfinished, folder.name)
        filling.mkdir()
        yield filling
        filling.rename(folder)


def _compile(folder: Path, place: Path) -> None:
    """Like the zip's bytecode: an import does not compare it with the source."""
    options = ["-q", "-f", "--invalidation-mode", "unchecked-hash"]
    options += ["-s", str(folder), "-p", str(place)]
    interpreter = find_python(Target.native().python)
    subprocess.run([interpreter, "-m", "compileall", *options, str(folder)], check=True)


def _digest(paths: Iterable[Path]) -> str:
    seen = sha256(sys.version.encode())
    for path in paths:
        seen.update(path.read_bytes())
    return seen.hexdigest()[:12]
