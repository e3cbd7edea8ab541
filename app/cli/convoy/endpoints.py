"""`convoy endpoints`: list the endpoints, pause, resume and delete one, replace its secret."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import convoy_tables, terminal
from app.cli.called import command
from app.cli.convoy.choosing import endpoint_of
from app.cli.convoy.connecting import connected, endpoint_id
from app.cli.convoy.group import convoy
from app.cli.helping import Command, Group, examples
from app.cli.options import JsonOption, not_blank
from app.convoy_admin.choices import Choices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.convoy_admin.calls import JsonObject
    from app.convoy_admin.project import Project

MAX_OVERLAP_H = 168
"""Hours: a week."""


class _ListByDefault(Group):
    """`convoy endpoints` is `convoy endpoints list`."""

    order = ("list", "show", "pause", "resume", "rotate", "delete")

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


endpoints = typer.Typer(
    cls=_ListByDefault,
    help="List the endpoints that receive events (without a command), and manage them.",
    epilog=examples("convoy endpoints", "convoy endpoints show ENDPOINT_ID"),
)
convoy.add_typer(endpoints, name="endpoints")

EndpointId = Annotated[str, typer.Argument(metavar="ENDPOINT_ID", callback=endpoint_id)]


@endpoints.command(
    "list",
    cls=Command,
    epilog=examples("convoy endpoints", "convoy endpoints list --owner ann --json"),
)
def list_endpoints(
    *,
    owner: Annotated[
        str | None,
        typer.Option(help="List one owner's endpoints (default: all).", callback=not_blank),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the endpoints that receive events, without their secrets."""
    with connected() as (_, connection), terminal.progress("Reading", "endpoints") as advance:
        found = list(terminal.counted(connection.project.endpoints(owner or None), advance))
    convoy_tables.say_endpoints(found, as_json=as_json)


@endpoints.command(cls=Command, epilog=examples("convoy endpoints show ENDPOINT_ID"))
def show(endpoint_id: EndpointId, *, as_json: JsonOption = False) -> None:
    """Show one endpoint with the event types that it gets, without its secret."""
    with _found(endpoint_id) as (project, endpoint):
        types = Choices(project).of(endpoint_id).shown
    convoy_tables.say_endpoint(endpoint, types, as_json=as_json)


@endpoints.command(cls=Command, epilog=examples("convoy endpoints pause ENDPOINT_ID"))
def pause(endpoint_id: EndpointId, *, as_json: JsonOption = False) -> None:
    """Stop the deliveries to an endpoint. Convoy discards them until `resume`."""
    with _found(endpoint_id) as (project, endpoint):
        project.pause_endpoint(endpoint_id)
    _report(
        endpoint | {"status": "paused"},
        f"Convoy discards its deliveries until: {command('convoy endpoints resume', endpoint_id)}",
        as_json=as_json,
    )


@endpoints.command(cls=Command, epilog=examples("convoy endpoints resume ENDPOINT_ID"))
def resume(endpoint_id: EndpointId, *, as_json: JsonOption = False) -> None:
    """Activate an endpoint that was paused, or that Convoy disabled after failures."""
    with _found(endpoint_id) as (project, endpoint):
        project.activate_endpoint(endpoint_id)
    _report(
        endpoint | {"status": "active"},
        "Convoy does not send by itself what the endpoint missed. Send it:"
        f" {command('convoy resend --failed --since T --endpoint', endpoint_id)}",
        as_json=as_json,
    )


@endpoints.command(
    cls=Command,
    epilog=examples(
        "convoy endpoints rotate ENDPOINT_ID", "convoy endpoints rotate ENDPOINT_ID --overlap-h 0"
    ),
)
def rotate(
    endpoint_id: EndpointId,
    *,
    overlap_h: Annotated[
        int,
        typer.Option(min=0, max=MAX_OVERLAP_H, help="Hours that the present secret signs too."),
    ] = 24,
    as_json: JsonOption = False,
) -> None:
    """Make a new secret for an endpoint, and print it."""
    with _found(endpoint_id) as (project, endpoint):
        secret = project.rotate_secret(endpoint_id, overlap_h)
    if as_json:
        terminal.say_json({"endpoint_id": endpoint_id, "secret": secret, "overlap_h": overlap_h})
        return
    ends = f"for {overlap_h} h more" if overlap_h else "for some seconds more"
    terminal.say(
        f"{endpoint['url']} has a new secret. The old one signs too, {ends}."
        " Give the new one to the receiver by then:",
        stderr=True,
    )
    terminal.say(secret)


@endpoints.command(
    cls=Command,
    epilog=examples(
        "convoy endpoints delete ENDPOINT_ID", "convoy endpoints delete ENDPOINT_ID --yes"
    ),
)
def delete(
    endpoint_id: EndpointId,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Delete an endpoint with its subscription. Convoy still lists its deliveries."""
    with _found(endpoint_id) as (project, endpoint):
        about = terminal.one_line(f"{endpoint['url']} of {endpoint.get('owner_id') or 'nobody'}")
        if not yes:
            typer.confirm(f"Delete the endpoint {about}?", abort=True, err=True)
        project.delete_endpoint(endpoint_id)
    if as_json:
        terminal.say_json(convoy_tables.endpoint_summary(endpoint) | {"status": "deleted"})
    else:
        terminal.say(f"{about} is deleted.")


@contextmanager
def _found(endpoint_id: str) -> Iterator[tuple[Project, JsonObject]]:
    """Convoy's project, and the endpoint with its secrets."""
    with connected() as (_, connection):
        yield connection.project, endpoint_of(connection.project, endpoint_id)


def _report(endpoint: JsonObject, then: str, *, as_json: bool) -> None:
    if as_json:
        terminal.say_json(convoy_tables.endpoint_summary(endpoint))
    else:
        terminal.say(f"{endpoint['url']} is {endpoint['status']}.\n{then}")
