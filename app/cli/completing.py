"""`completion`: the script that completes the command in a shell."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated

import typer

from app.cli.called import NAME

VARIABLE = f"_{NAME.upper()}_COMPLETE"
"""The script sets this variable when it asks for the words that fit."""


class Shell(StrEnum):
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(shell: Annotated[Shell, typer.Argument(show_default=False)]) -> None:
    """Print the script that completes commands and options in your shell.

    It completes the installed command: hookctl has to be on the PATH.
    """
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    typer.echo(get_completion_script(prog_name=NAME, complete_var=VARIABLE, shell=shell))


def prepare() -> None:
    """Let Typer answer the script, if it asks."""
    if VARIABLE in os.environ:
        from typer.completion import completion_init  # type: ignore[attr-defined]

        completion_init()
