"""The floor of the operator's command: Typer, botocore, and nothing of this project."""

import os

import typer

cli = typer.Typer(help="For the operator.", no_args_is_help=True, add_completion=False)
outbox = typer.Typer(help="Look at the outbox.", no_args_is_help=True)
cli.add_typer(outbox, name="outbox")


@outbox.command("list")
def list_rows():
    """List the events that wait for Convoy."""
    import botocore.session

    client = botocore.session.get_session().create_client("dynamodb")
    found = client.scan(TableName=os.environ["OUTBOX_TABLE"], ConsistentRead=True)
    for item in found["Items"]:
        typer.echo(item["event_id"]["S"])


@cli.command()
def redrive():
    """Let the relay try a failed event again."""


cli(prog_name="python -m app")
