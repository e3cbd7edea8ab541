"""Which deliveries a command is about: options with the same meaning in each command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.called import command
from app.cli.convoy.connecting import endpoint_ids
from app.cli.options import NOT_DONE, exit_with, not_blank
from app.convoy_admin.calls import ConvoyNotFound
from app.convoy_admin.choices import EVERY
from app.http.webhooks import Webhooks
from app.register import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.convoy_admin.calls import JsonObject
    from app.convoy_admin.project import Project

EVENTS = RESOURCES[0].events
"""The event types in the examples of the commands' help."""


def type_names() -> list[str]:
    """The names, as the shell completes them."""
    return [each.name for each in Webhooks(RESOURCES).event_types]


OwnerOption = Annotated[
    str | None,
    typer.Option(help="Only deliveries to this owner's endpoints.", callback=not_blank),
]

EndpointsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--endpoint",
        metavar="ENDPOINT_ID",
        help="Only deliveries to this endpoint; the option can be repeated.",
        callback=endpoint_ids,
    ),
]

TypesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--type",
        metavar="TYPE",
        help=f"Only events of this type, such as {EVENTS.created.name}; the option can be"
        " repeated.",
        autocompletion=type_names,
    ),
]


def endpoint_of(project: Project, endpoint_id: str) -> JsonObject:
    """With its secrets. An unknown id ends the command. Raises ConvoyError."""
    try:
        return project.endpoint(endpoint_id)
    except ConvoyNotFound as error:
        message = f"Convoy has no endpoint {endpoint_id}. List them: {command('convoy endpoints')}"
        raise exit_with(message, NOT_DONE) from error


def chosen_endpoints(
    project: Project, owner: str | None, endpoints: Sequence[str] | None
) -> Sequence[str] | None:
    """The ids of the chosen endpoints; None for all. Raises ConvoyError.

    An owner without an endpoint, an endpoint of another owner, and an unknown endpoint end the
    command.
    """
    if owner is None:
        for each in endpoints or ():
            endpoint_of(project, each)
        return endpoints or None
    owned = [each["uid"] for each in project.endpoints(owner)]
    if not owned:
        raise no_endpoint(owner)
    for each in endpoints or ():
        if each not in owned:
            raise exit_with(
                f"{owner} has no endpoint {each}. List the owner's:"
                f" {command('convoy endpoints --owner', owner)}",
                NOT_DONE,
            )
    return endpoints or owned


def no_endpoint(owner: str) -> typer.Exit:
    return exit_with(
        f"{owner} has no endpoint. Make one: {command('convoy setup --url …')}", NOT_DONE
    )


def known_types(project: Project, types: Sequence[str] | None) -> Sequence[str]:
    """The types, if Convoy has all of them. Raises BadParameter, ConvoyError."""
    if not types:
        return ()
    known = {each["name"] for each in project.event_types()} - {EVERY}
    for each in types:
        if each not in known:
            raise typer.BadParameter(
                f"Convoy has no event type {each!r}. It has {', '.join(sorted(known))}",
                param_hint="--type",
            )
    return types
