"""The words with which the command was called: usage and hints repeat them."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

NAME = "hookctl"
"""The name under which pyproject.toml installs the command."""


def called_as() -> str:
    """`hookctl`, or `python -m app`; `CALLED_AS` of the environment if a script sets it."""
    path = Path(sys.argv[0])
    return os.environ.get("CALLED_AS") or ("python -m app" if path.suffix == ".py" else path.name)


def command(words: str, *values: str) -> str:
    """A whole command, to copy: `hookctl convoy endpoints --owner 'a b'`. The values are quoted."""
    return " ".join([called_as(), words, *map(shlex.quote, values)])
