"""The operator's commands: list the outbox, redrive failed events, run the relay, manage Convoy.

Results go to stdout; errors and progress go to stderr.
"""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.called import NAME
from app.cli.completing import completion
from app.cli.convoy import convoy
from app.cli.helping import HELP_OPTIONS, Command, Group, examples
from app.cli.options import EXIT_CODES
from app.cli.outbox import outbox, redrive
from app.cli.relay import relay
from app.cli.republish import republish


class _Commands(Group):
    order = ("outbox", "redrive", "relay", "republish", "convoy", "completion")


def _exit_codes() -> str:
    return "\n".join(["Exit codes:", *(f"{code}  {text}" for code, text in EXIT_CODES.items())])


cli = typer.Typer(
    cls=_Commands,
    help="For the operator: the outbox of events that Convoy has not handled yet, and Convoy.",
    epilog="\n\n".join(
        [
            examples(
                "outbox list", "relay --watch", "convoy deliveries --status failure --since 2h"
            ),
            _exit_codes(),
        ]
    ),
    context_settings=HELP_OPTIONS,
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.add_typer(outbox, name="outbox")
cli.add_typer(convoy, name="convoy")
cli.command(cls=Command, epilog=examples("redrive EVENT_ID", "redrive --all"))(redrive)
cli.command(
    cls=Command,
    epilog=examples("relay", "relay --watch --every 10", "relay --watch --json --segment 1/4"),
)(relay)
cli.command(
    cls=Command,
    epilog=examples("republish --since 2h --dry-run", "republish --since 3d --owner ann"),
)(republish)
cli.command(
    cls=Command,
    epilog=examples(f"completion bash > ~/.local/share/bash-completion/completions/{NAME}"),
)(completion)


def _say_version(asked: bool) -> None:  # noqa: FBT001  # Typer passes it by position
    if asked:
        typer.echo(f"{NAME} {_version()}")
        raise typer.Exit


def _version() -> str:
    """Of the installed package; of the checkout if `app` is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    from app.runtime.version import version as version_of_the_checkout

    try:
        return version("fastapi-todo-convoy")
    except PackageNotFoundError:
        return version_of_the_checkout()


@cli.callback()
def _top(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """The options of the command itself."""
