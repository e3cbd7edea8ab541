"""Tools in environments of their own, below .local: they want other packages than the app does."""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path

from infra.run import run, uv

ROOT = Path(__file__).parents[1]
INSTALL_S = 300.0


def commands(name: str) -> Path:
    """The folder that has those of `requirements-NAME.txt`, installed once. Raises CommandError."""
    lock = ROOT / f"requirements-{name}.txt"
    home = ROOT / ".local" / f"{name}-{sha256(lock.read_bytes()).hexdigest()[:12]}"
    ready = home / "ready"
    if not ready.exists():
        venv = uv("venv", "--quiet", "--clear", "--python", sys.executable, str(home))
        run(venv, "uv venv", INSTALL_S)
        sync = uv("pip", "sync", "--quiet", "--require-hashes", "--python", str(home), str(lock))
        run(sync, f"installing {lock.name}", INSTALL_S)
        ready.touch()
    return home / "bin"
