"""Which processes a test started, and the ports on which they listen: from Linux's /proc."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LISTENS = "0A"


def children_of(pid: int, command: str = "") -> list[int]:
    """The child processes, or those of them whose command line has `command`."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    if not listed.exists():
        pytest.skip("needs Linux's /proc to find processes")
    children = [int(child) for child in listed.read_text().split()]
    return [child for child in children if command in Path(f"/proc/{child}/cmdline").read_text()]


def ports_of(pids: Iterable[int]) -> set[int]:
    """The TCP ports on which the processes listen."""
    return {port for pid in pids for port in _ports_of(pid)}


def _ports_of(pid: int) -> Iterator[int]:
    own = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since
            own.add(os.readlink(descriptor))
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *more = line.split()
            if state == LISTENS and f"socket:[{more[5]}]" in own:
                yield int(local.rpartition(":")[2], 16)
