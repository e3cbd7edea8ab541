"""What all commands keep to: exit codes, and the options that mean the same in each."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli import terminal

LEFT = 1
ENVIRONMENT = 3
EXIT_CODES = """Exit codes:
0  done; of `relay`: the outbox is empty, or --watch was ended
1  not found, refused, or something is left; of `relay`: events wait or failed
2  wrong usage
3  the environment is wrong: settings, or DynamoDB or Convoy out of reach"""


def not_blank(value: str | None) -> str | None:
    if value is not None and not value.strip():
        raise typer.BadParameter("is blank")
    return value


def printable(value: str | None) -> str | None:
    """Neither blank nor with what would break a line, or steer a terminal."""
    if value is not None and not value.isprintable():
        raise typer.BadParameter("has a control character")
    return not_blank(value)


Json = Annotated[bool, typer.Option("--json", help="One JSON object per line, for scripts.")]


def ended(message: str, code: int) -> typer.Exit:
    """What ends a command, once its message is told."""
    terminal.say(message, stderr=True)
    return typer.Exit(code)
