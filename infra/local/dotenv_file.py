"""Reads the settings in `.env`. A mistake there is an error: ignored, it starts the stand-in."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from app.settings import LocalSettings
from infra.local.processes import StackError

if TYPE_CHECKING:
    from pathlib import Path

KNOWN = {name.upper() for name in LocalSettings.model_fields} | {"CONVOY_ENDPOINT_SECRET"}
"""`convoy setup` writes the receiver's secret beside the app's settings."""


def read(path: Path) -> dict[str, str]:
    """Raises StackError for a line that is no setting, and for an unknown name of Convoy's."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(f"{path} can't be read: {error}.") from error
    for binding in parse_stream(StringIO(text)):
        where, name = f"{path}, line {binding.original.line}", binding.key or ""
        if binding.error:
            raise StackError(f"{where} is not NAME=value. See .env.example.")
        if name.startswith("CONVOY_") and name not in KNOWN:
            raise StackError(f"{where}: {name} is no setting. .env.example lists all settings.")
    return {name: value or "" for name, value in dotenv_values(stream=StringIO(text)).items()}
