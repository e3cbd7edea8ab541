"""A file with every change of the stand-in's project, one line each."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    JsonObject = dict[str, Any]


class Journal:
    """Each line is written at once: a SIGKILL of the process loses none of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("ab", buffering=0)

    def entries(self) -> Iterator[tuple[str, JsonObject]]:
        """The table and the record of each change, oldest first. Drops an unfinished last line."""
        kept = self._path.read_bytes()
        whole = kept[: kept.rfind(b"\n") + 1]
        os.truncate(self._path, len(whole))
        for line in whole.splitlines():
            table, record = json.loads(line)
            yield table, record

    def write(self, table: str, record: JsonObject) -> None:
        self._file.write(json.dumps([table, record]).encode() + b"\n")

    def close(self) -> None:
        self._file.close()
