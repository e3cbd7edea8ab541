"""The reference of the operator's commands, from their own help."""

from __future__ import annotations

import re
from pathlib import Path

import typer
from typer.cli import get_docs_for_click
from typer.main import get_command

from app.cli.main import cli

COMMANDS = Path(__file__).parents[2] / "docs" / "commands.md"
NAME = "python -m app"

INTRODUCTION = """# Commands

Written by `make docs` from the commands in `app/cli`. [Operating](operate.md) shows them at work.

With `--json`, stdout has one JSON object per line and nothing else. Progress and errors go to stderr. The
stderr of `relay` has its logs and metrics, as on Lambda: `relay --watch --json` can run as a service.

| exit code | meaning |
|---|---|
| 0 | done; `relay`: the outbox is empty, or `--watch` was interrupted |
| 1 | not found, refused, or something is left; `relay`: events wait (due or not) or have failed; `republish`: it was interrupted, or an event can't be read |
| 2 | wrong usage |
| 3 | the environment is wrong: a setting is missing, or DynamoDB or Convoy is out of reach or refuses |
"""  # noqa: E501


def text() -> str:
    """`docs/commands.md`."""
    top = get_command(cli)
    pages = get_docs_for_click(obj=top, ctx=typer.Context(top, info_name=NAME), name=NAME)
    _, *sections = re.split(r"^(?=##+ )", pages, flags=re.MULTILINE)
    return "".join([INTRODUCTION, "\n", *map(_section, sections)]).rstrip() + "\n"


def _section(markdown: str) -> str:
    """Without `--help`, which every command has, and without the exit codes of the introduction."""
    shown = re.sub(r"^\* `--help`.*\n", "", markdown, flags=re.MULTILINE)
    shown = re.sub(r"^Exit codes:\n(?:[0-9] .*\n)+\n?", "", shown, flags=re.MULTILINE)
    return shown.replace("**Options**:\n\n\n", "")
