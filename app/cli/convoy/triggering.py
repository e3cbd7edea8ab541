"""`convoy ping` and `convoy trigger`: publish an event, and follow it to its receivers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import convoy_tables, terminal
from app.cli.convoy.choosing import no_endpoint
from app.cli.convoy.delivering import Status
from app.cli.convoy.endpoints import endpoint_of
from app.cli.convoy.group import connected, convoy, endpoint_id
from app.cli.convoy_watch import deliveries_of
from app.cli.options import ENVIRONMENT, EXIT_CODES, NOT_DONE, JsonOption, exit_with, printable
from app.convoy_admin.choices import EVERY, Choices
from app.domain.events import PING, Event, EventType, envelope
from app.domain.resource import MAX_ID
from app.http.examples import carried_by
from app.http.webhooks import Webhooks
from app.outbox.outcomes import Accepted, Refused
from app.register import RESOURCES
from app.wiring.clients import new_event_id, now

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.convoy_admin.project import Project
    from app.outbox.outcomes import Publisher

OwnerOption = Annotated[
    str | None,
    typer.Option(help="Owner of the endpoints (default: CONVOY_APP_ID).", callback=printable),
]

WaitOption = Annotated[int, typer.Option(min=1, help="Seconds to wait for the deliveries.")]


@convoy.command(epilog=EXIT_CODES)
def ping(
    ctx: typer.Context,
    *,
    owner: OwnerOption = None,
    wait_s: WaitOption = 30,
    as_json: JsonOption = False,
) -> None:
    """Publish a ping, and wait for its deliveries: a check from the API key to the receiver."""
    with connected() as (settings, connection):
        owner = owner or settings.convoy_app_id
        _check_owner(connection.project, owner)
        event = _example(PING, owner)
        _publish(connection.publisher, event)
        _follow(connection.project, event, wait_s, ctx.obj or time.sleep, as_json=as_json)


def _event_type(name: str) -> EventType:
    known = {each.name: each for each in Webhooks(RESOURCES).event_types}
    if name not in known:
        raise typer.BadParameter(f"{name!r} is no event type. Give one of {', '.join(known)}")
    return known[name]


@convoy.command(epilog=EXIT_CODES)
def trigger(
    ctx: typer.Context,
    event_type: Annotated[
        EventType, typer.Argument(metavar="TYPE", parser=_event_type, help="Such as created.")
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
        project = connection.project
        if endpoint is None:
            owner = owner or settings.convoy_app_id
            _check_owner(project, owner)
            event = _example(event_type, owner)
            _publish(connection.publisher, event)
        else:
            event = _example(event_type, endpoint_of(project, endpoint).get("owner_id", ""))
            _check_gets(project, endpoint, event_type)
            project.publish_to_endpoint(endpoint, event.type, dict(event.data), event.id)
            _say_accepted(event)
        _follow(project, event, wait_s, ctx.obj or time.sleep, as_json=as_json)


def _check_owner(project: Project, owner: str) -> None:
    if not owner:
        raise typer.BadParameter("give --owner, or set CONVOY_APP_ID")
    if next(project.endpoints(owner), None) is None:
        raise no_endpoint(owner)


def _check_gets(project: Project, endpoint: str, event_type: EventType) -> None:
    """Convoy would give an endpoint without a subscription one, to all event types."""
    types = Choices(project).of(endpoint).rows
    if not types.keys() & {EVERY, event_type.name}:
        raise exit_with(
            f"The endpoint gets no {event_type.name}, but {', '.join(types) or 'no event'}. Change"
            " that: convoy setup --url … --event-type …",
            NOT_DONE,
        )


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
            f"The {_label(event)} was not delivered within {wait_s} s. Check that the endpoint has"
            f" a subscription to {event.type}: convoy endpoints show ENDPOINT_ID. convoy setup"
            " makes one.",
            NOT_DONE,
        )
    convoy_tables.say_deliveries(map(convoy_tables.delivery_summary, found), as_json=as_json)
    for each in found:
        if each["status"] == Status.DISCARDED:
            endpoint = each["endpoint_id"]
            terminal.say(
                f"Discarded: the endpoint is paused or inactive. Activate it: convoy endpoints"
                f" resume {endpoint}",
                stderr=True,
            )
    if any(each["status"] != Status.SUCCESS for each in found):
        raise typer.Exit(NOT_DONE)
