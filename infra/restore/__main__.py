"""`python -m infra.restore`, with the settings of a stage in the environment: docs/backups.md."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from app.cli.components import open_components
from app.wiring.clients import dynamodb
from infra.restore.copying import Copy
from infra.restore.putting_back import Outcome, PutBack

if TYPE_CHECKING:
    from collections.abc import Iterator

FAILED = 1

cli = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@cli.command()
def changes(
    source: Annotated[str, typer.Argument(help="The restored table.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Compare, and write nothing.")] = False,
) -> None:
    """Put resources back as the restored table has them. Each change has its version and event."""
    with open_components() as components, _aws_errors():
        job = PutBack(
            components.client,
            components.services(),
            source,
            lambda message: typer.echo(message, err=True),
            dry_run=dry_run,
        )
        try:
            job.run()
        finally:
            what = "To be put back" if dry_run else "Put back"
            counts = ", ".join(f"{job.counts[each]} {each}" for each in Outcome)
            typer.echo(f"{what}: {counts}.")
    if job.counts[Outcome.REFUSED]:
        raise typer.Exit(FAILED)


@cli.command()
def copy(
    source: Annotated[str, typer.Argument(help="The restored table.")],
    target: Annotated[str, typer.Argument(help="The stage's table.")],
    *,
    raise_versions: Annotated[
        int, typer.Option(min=0, help="Add this to each version: for the resources' table.")
    ] = 0,
) -> None:
    """Copy the items that the target does not have, as they are."""
    with _aws_errors():
        job = Copy(dynamodb(), source, target, raise_versions)
        try:
            job.run()
        finally:
            typer.echo(f"{job.copied} copied, {job.kept} kept, which were there already.")


@contextmanager
def _aws_errors() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        typer.echo(f"error: {error}. Correct it, and run the command again.", err=True)
        raise typer.Exit(FAILED) from error


if __name__ == "__main__":
    cli(prog_name="python -m infra.restore")
