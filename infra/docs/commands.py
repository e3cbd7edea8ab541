"""The reference of the operator's commands, from their own help."""

from __future__ import annotations

import re
from pathlib import Path

import typer
from typer.cli import get_docs_for_click
from typer.main import get_command

from app.cli.called import NAME
from app.cli.helping import EXAMPLES
from app.cli.main import cli
from app.cli.options import EXIT_CODES

COMMANDS = Path(__file__).parents[2] / "docs" / "commands.md"

INTRODUCTION = f"""# Commands

Written by `make docs` from the commands in `app/cli`.

The operator's command is `{NAME}`. `make` installs it into `.venv/bin`; `make operator` installs it
with only the packages that it needs, and so does `pip install .` in another environment. It takes
the settings and the AWS credentials of the app. `python -m app` is the same command, and so is
`.local/app-8080`, with the settings of `make run`.

- **Scripts.** With `--json`, stdout has one JSON object per line and nothing else. Progress and
  errors go to stderr. The stderr of `relay` has its logs and metrics, as on Lambda: `relay --watch
  --json` can run as a service.
- **Colours** are for terminals only. `NO_COLOR=1` switches them off.
- **Completion.** `{NAME} completion bash` (or `zsh`, `fish`) prints the script for your shell.
- **Tries.** A request publishes its event once, and records that attempt only if Convoy failed in
  it. So an event without tries was accepted by Convoy, or was not tried because Convoy had failed a
  moment before. The relay looks at the event when it is due, and counts each attempt.

| exit code | meaning |
|---|---|
{{exit_codes}}
"""


def text() -> str:
    """`docs/commands.md`."""
    top = get_command(cli)
    pages = get_docs_for_click(obj=top, ctx=typer.Context(top, info_name=NAME), name=NAME)
    _, *sections = re.split(r"^(?=##+ )", pages, flags=re.MULTILINE)
    codes = "\n".join(f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items())
    whole = "".join([INTRODUCTION.format(exit_codes=codes), "\n", *map(_section, sections)])
    return whole.rstrip() + "\n"


def _section(markdown: str) -> str:
    """Examples as a session, and no `--help`, which every command has."""
    shown = re.sub(r"^\* `--help`.*\n", "", markdown, flags=re.MULTILINE)
    shown = shown.replace("**Options**:\n\n\n", "")
    return re.sub(
        rf"^{EXAMPLES}\n((?:\$ .*\n)+)",
        lambda found: f"**Examples**:\n\n```sh\n{found[1].replace('$ ', f'{NAME} ')}```\n",
        shown,
        flags=re.MULTILINE,
    )
