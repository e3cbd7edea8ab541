"""`convoy ping` and `convoy trigger`: publish an event, and follow it to its receivers."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import convoy_tables, terminal
from app.cli.called import command
from app.cli.convoy.choosing import EVENTS, endpoint_of, no_endpoint, type_names
from app.cli.convoy.connecting import connected, endpoint_id
from app.cli.convoy.delivering import Status
from app.cli.convoy.group import convoy
from app.cli.convoy_watch import deliveries_of
from app.cli.helping import Command, examples
from app.cli.options import ENVIRONMENT, NOT_DONE, JsonOption, exit_with, printable
from app.convoy_admin.choices import EVERY, TEST, Choices
from app.domain.events import PING, Event, EventType, envelope
from app.domain.resource import MAX_ID
from app.http.examples import carried_by
from app.http.webhooks import Webhooks
from app.outbox.outcomes import Accepted, Refused
from app.register import RESOURCES
from app.wiring.clock import new_event_id, now

if TYPE_CHECKING:
    from collections.abc import Callable, Set

    from app.convoy_admin.project import Project
    from app.outbox.outcomes import Publisher
    from app.wiring.convoy_admin import ConvoyComponents

OwnerOption = Annotated[
    str | None,
    typer.Option(help="Owner of the endpoints (default: CONVOY_APP_ID).", callback=printable),
]

WaitOption = Annotated[int, typer.Option(min=1, help="Seconds to wait for the deliveries.")]


@convoy.command(cls=Command, epilog=examples("convoy ping", "convoy ping --owner ann --wait-s 60"))
def ping(
    ctx: typer.Context,
    *,
    owner: OwnerOption = None,
    wait_s: WaitOption = 30,
    as_json: JsonOption = False,
) -> None:
    """Publish a ping, and wait for its deliveries: a check from the API key to the receiver."""
    with connected() as (settings, connection):
        event = _to_owner(connection, owner or settings.convoy_app_id, PING)
        _follow(connection.project, event, wait_s, ctx.obj or time.sleep, as_json=as_json)


def _event_type(name: str) -> EventType:
    known = {each.name: each for each in Webhooks(RESOURCES).event_types}
    if name not in known:
        raise typer.BadParameter(f"{name!r} is no event type. Give one of {', '.join(known)}")
    return known[name]


@convoy.command(
    cls=Command,
    epilog=examples(
        f"convoy trigger {EVENTS.created.name}", "convoy trigger ping --endpoint ENDPOINT_ID"
    ),
)
def trigger(
    ctx: typer.Context,
    event_type: Annotated[
        EventType,
        typer.Argument(
            metavar="TYPE",
            parser=_event_type,
            help=f"Such as {EVENTS.created.name}.",
            autocompletion=type_names,
        ),
    ],
    *,
    owner: OwnerOption = None,
    endpoint: Annotated[
        str | None,
        typer.Option(
            metavar="ENDPOINT_ID",
            help="Only to this endpoint (default: to all of the owner).",
            callback=endpoint_id,
        ),
    ] = None,
    wait_s: WaitOption = 30,
    as_json: JsonOption = False,
) -> None:
    """Publish an example of an event type, and wait for its deliveries.

    Nothing changes in the API. The receiver gets the example like every other event.

    Its description begins with "Example:", and its resource has the largest id that there is.
    """
    if endpoint is not None and owner is not None:
        raise typer.BadParameter("give --owner or --endpoint, not both")
    with connected() as (settings, connection):
        if endpoint is None:
            event = _to_owner(connection, owner or settings.convoy_app_id, event_type)
        else:
            event = _to_endpoint(connection.project, endpoint, event_type)
        _follow(connection.project, event, wait_s, ctx.obj or time.sleep, as_json=as_json)


def _to_owner(connection: ConvoyComponents, owner: str, event_type: EventType) -> Event:
    """Publish an example to the owner's endpoints, if one of them gets the event type."""
    if not owner:
        raise typer.BadParameter("give --owner, or set CONVOY_APP_ID")
    project = connection.project
    endpoints = list(project.endpoints(owner))
    if not endpoints:
        raise no_endpoint(owner)
    if not any(_types_of(project, each["uid"]) & {EVERY, event_type.name} for each in endpoints):
        raise exit_with(
            f"No endpoint of {owner} gets {event_type.name}. List them:"
            f" {command('convoy endpoints --owner', owner)}\n{_change()}",
            NOT_DONE,
        )
    event = _example(event_type, owner)
    _publish(connection.publisher, event)
    return event


def _to_endpoint(project: Project, endpoint: str, event_type: EventType) -> Event:
    """Publish an example to the endpoint, if it gets the event type. Each endpoint may get a ping.

    Convoy would give an endpoint without a subscription one, to all event types.
    """
    event = _example(event_type, endpoint_of(project, endpoint).get("owner_id", ""))
    choices = Choices(project)
    choice = choices.of(endpoint)
    types = choice.rows.keys()
    if event_type is PING and types and not types & {EVERY, PING.name}:
        choices.allow_test(choice)
        event = replace(event, type=TEST)
    elif not types & {EVERY, event.type}:
        known = ", ".join(sorted(types)) or "no event"
        raise exit_with(f"The endpoint gets no {event.type}, but {known}. {_change()}", NOT_DONE)
    project.publish_to_endpoint(endpoint, event.type, dict(event.data), event.id)
    _say_accepted(event)
    return event


def _types_of(project: Project, endpoint: str) -> Set[str]:
    return Choices(project).of(endpoint).rows.keys()


def _change() -> str:
    return f"Change that: {command('convoy setup --url … --event-type …')}"


def _example(event_type: EventType, owner: str) -> Event:
    moment = now()
    # A version that grows with each example: a receiver that keeps the newest takes each of them.
    version = int(moment.timestamp())
    carried = carried_by(event_type, RESOURCES, resource_id=MAX_ID, version=version)
    event_id = new_event_id(moment)
    event = envelope(event_type, event_id=event_id, owner=owner, now=moment, **carried)
    if event_type is PING:
        return event
    described = {**event.data, "description": f"Example: {event_type.description}"}
    return Event(event.id, event.owner, event.type, event.occurred_at, described)


def _publish(publisher: Publisher, event: Event) -> None:
    outcome = publisher.publish(event)
    if not isinstance(outcome, Accepted):
        code = NOT_DONE if isinstance(outcome, Refused) else ENVIRONMENT
        raise exit_with(f"Convoy did not accept the {_label(event)}: {outcome.reason}.", code)
    _say_accepted(event)


def _label(event: Event) -> str:
    return event.type if event.type == PING.name else f"example of {event.type}"


def _say_accepted(event: Event) -> None:
    terminal.say(f"Convoy accepted the {_label(event)}: event {event.id}.", stderr=True)


def _follow(
    project: Project, event: Event, wait_s: int, wait: Callable[[float], None], *, as_json: bool
) -> None:
    """Print the event's deliveries. One that did not arrive ends the command with code 1."""
    with terminal.progress("Waiting for deliveries", "checks", wait_s) as advance:

        def wait_and_advance(seconds: float) -> None:
            wait(seconds)
            advance()

        found = deliveries_of(event.id, project, checks=wait_s, wait=wait_and_advance)
    if not found:
        raise exit_with(
            f"The {_label(event)} was not delivered within {wait_s} s. Check that Convoy's worker"
            f" runs, and look again later: {command('convoy deliveries --event', event.id)}",
            NOT_DONE,
        )
    convoy_tables.say_deliveries(map(convoy_tables.delivery_summary, found), as_json=as_json)
    for each in found:
        if each["status"] == Status.DISCARDED:
            endpoint = each["endpoint_id"]
            terminal.say(
                "Discarded: the endpoint is paused or inactive. Activate it:"
                f" {command('convoy endpoints resume', endpoint)}",
                stderr=True,
            )
    if any(each["status"] != Status.SUCCESS for each in found):
        raise typer.Exit(NOT_DONE)
