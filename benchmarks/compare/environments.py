"""Each peer as Lambda would have it: a folder of its own with what its zip holds, and no more.

Beside it, for all, what Lambda's runtime brings: boto3. They are built below build/bench, once for
each state of what they are made of.
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
    """`outbox`: whether it gives the guarantee that no event is lost."""

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
    """boto3 and what it needs, in the lock's versions, with bytecode."""
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
    """The folder that holds a peer, as unpacked."""
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
    """What takes DynamoDB's and Convoy's place in its process."""
    return HERE / "stubs" / ("ours.py" if peer.handler is None else "work.py")


def size(peer: Peer) -> int:
    """Bytes of its zip, with bytecode: what it takes beside Lambda's runtime."""
    if peer.handler is None:
        return zip_of_ours(bytecode=True).stat().st_size
    packed = BUILD / f"{task(peer, bytecode=True).name}.zip"
    if not packed.exists():
        shutil.make_archive(str(packed.with_suffix("")), "zip", task(peer, bytecode=True))
    return packed.stat().st_size


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """Gives a folder to fill, which takes its place when it is full."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as unfinished:
        filling = Path(unfinished, folder.name)
        filling.mkdir()
        yield filling
        filling.rename(folder)


def _compile(folder: Path, place: Path) -> None:
    """As the zip's own: not compared with its source at import."""
    options = ["-q", "-f", "--invalidation-mode", "unchecked-hash"]
    options += ["-s", str(folder), "-p", str(place)]
    interpreter = find_python(Target.native().python)
    subprocess.run([interpreter, "-m", "compileall", *options, str(folder)], check=True)


def _digest(paths: Iterable[Path]) -> str:
    seen = sha256(sys.version.encode())
    for path in paths:
        seen.update(path.read_bytes())
    return seen.hexdigest()[:12]
