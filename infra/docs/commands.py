"""The block of docs/commands.md: the operator's commands, as Typer describes them."""

from __future__ import annotations

import typer
from typer.cli import get_docs_for_click

from app.cli.main import cli

NAME = "python -m app"


def text() -> str:
    command = typer.main.get_command(cli)
    context = typer.Context(command)
    return get_docs_for_click(obj=command, ctx=context, name=NAME).strip()
