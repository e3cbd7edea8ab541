"""What the workers of one run make once and share."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest


@contextmanager
def shared_folder(factory: pytest.TempPathFactory, *name: object) -> Iterator[tuple[Path, bool]]:
    """The folder of this name, and whether it has to be filled. One worker at a time has it."""
    base, run = factory.getbasetemp(), os.environ.get("PYTEST_XDIST_TESTRUNUID")
    root = base.parent / f"shared-{run}" if run else base / "shared"
    folder = root / sha256(repr(name).encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    filled = folder / "filled"
    with (folder / "turn").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield folder, not filled.exists()
        filled.touch()
