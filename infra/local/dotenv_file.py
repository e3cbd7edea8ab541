"""The settings in `.env`. A mistake in it is told: unseen, it would start the stand-in."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from app.settings import LocalSettings
from infra.local.parts import StackError

if TYPE_CHECKING:
    from pathlib import Path

KNOWN = {name.upper() for name in LocalSettings.model_fields} | {"CONVOY_ENDPOINT_SECRET"}
"""The secret is the receiver's; `convoy setup` writes it beside ours."""


def read(path: Path) -> dict[str, str]:
    """Raises StackError for what is no line of settings, or of Convoy's names no setting."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(f"{path} can't be read: {error}.") from error
    for binding in parse_stream(StringIO(text)):
        where, name = f"{path}, line {binding.original.line}", binding.key or ""
        if binding.error:
            raise StackError(f"{where}: not NAME=value. .env.example shows how.")
        if name.startswith("CONVOY_") and name not in KNOWN:
            raise StackError(f"{where}: {name} is no setting. .env.example lists them all.")
    return {name: value or "" for name, value in dotenv_values(stream=StringIO(text)).items()}
