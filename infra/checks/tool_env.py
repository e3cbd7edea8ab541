"""Tools in environments of their own, below .local: they want other packages than the app does."""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from infra.checks.run import run, uv

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[2]
INSTALL_S = 300.0


def commands(name: str, *others: str) -> Path:
    """The folder that has those of `requirements-NAME.txt`, installed once, beside `others`.

    Raises CommandError.
    """
    locks = [ROOT / f"requirements-{each}.txt" for each in (name, *others)]
    home = ROOT / ".local" / f"{name}-{_hash(locks)[:12]}"
    ready = home / "ready"
    if not ready.exists():
        venv = uv("venv", "--quiet", "--clear", "--python", sys.executable, str(home))
        run(venv, "uv venv", INSTALL_S)
        sync = uv("pip", "sync", "--quiet", "--require-hashes", "--python", str(home))
        run([*sync, *map(str, locks)], f"installing {locks[0].name}", INSTALL_S)
        ready.touch()
    return home / "bin"


def _hash(locks: Iterable[Path]) -> str:
    return sha256(b"".join(lock.read_bytes() for lock in locks)).hexdigest()
