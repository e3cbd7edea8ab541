"""What all commands share: exit codes, and options with the same meaning in each."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

import typer

from app.cli import terminal

NOT_DONE = 1
ENVIRONMENT = 3
EXIT_CODES = {
    0: "done, whatever a list has; `relay`: the outbox is empty, or --watch ended",
    1: "not found, refused, or not all done; `relay`: events wait or have failed",
    2: "wrong usage",
    3: "a setting is missing or wrong, or DynamoDB or Convoy is out of reach",
}


def not_blank(value: str | None) -> str | None:
    if value is not None and not value.strip():
        raise typer.BadParameter("is blank")
    return value


def printable(value: str | None) -> str | None:
    """Refuses blank text, and control characters: they break lines and steer terminals."""
    if value is not None and not value.isprintable():
        raise typer.BadParameter("has a control character")
    return not_blank(value)


def web_url(value: str) -> str:
    try:
        url = urlsplit(value)
        usable = url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except ValueError:
        usable = False
    if not usable or not value.isprintable():
        raise typer.BadParameter("must be an http or https URL")
    return value


JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object per line, for scripts.")]


def exit_with(message: str, code: int) -> typer.Exit:
    """Print the message on stderr. Raise the result to end the command."""
    terminal.say(message, stderr=True)
    return typer.Exit(code)
