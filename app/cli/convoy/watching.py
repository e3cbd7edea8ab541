"""`convoy ping` and `convoy listen`: follow one event to its receivers, and print new events."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import convoy_tables, terminal
from app.cli.convoy.delivering import Status
from app.cli.convoy.group import connected, convoy
from app.cli.convoy_watch import Listener, deliveries_of
from app.cli.options import ENVIRONMENT, EXIT_CODES, NOT_DONE, JsonOption, exit_with, printable
from app.cli.relay_loop import interrupts
from app.convoy_admin.calls import ConvoyError
from app.domain.events import PING, envelope
from app.outbox.outcomes import Accepted, Refused
from app.wiring.clients import new_event_id, now

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.outbox.outcomes import Publisher


@convoy.command(epilog=EXIT_CODES)
def ping(
    ctx: typer.Context,
    *,
    owner: Annotated[
        str | None,
        typer.Option(help="Owner of the endpoints (default: CONVOY_APP_ID).", callback=printable),
    ] = None,
    wait_s: Annotated[int, typer.Option(min=1, help="Seconds to wait for the deliveries.")] = 30,
    as_json: JsonOption = False,
) -> None:
    """Publish a ping, and wait for its deliveries: a check from the API key to the receiver."""
    wait: Callable[[float], None] = ctx.obj or time.sleep
    with connected() as (settings, connection):
        owner = owner or settings.convoy_app_id
        if not owner:
            raise typer.BadParameter("give --owner, or set CONVOY_APP_ID")
        if next(connection.project.endpoints(owner), None) is None:
            raise exit_with(
                f"{owner} has no endpoint: make one with convoy setup --url …", NOT_DONE
            )
        event_id = _publish_ping(connection.publisher, owner)
        with terminal.progress("Waiting for deliveries", "checks", wait_s) as advance:

            def wait_and_advance(seconds: float) -> None:
                wait(seconds)
                advance()

            found = deliveries_of(
                event_id, connection.project, checks=wait_s, wait=wait_and_advance
            )
    if not found:
        raise exit_with(
            f"The ping was not delivered within {wait_s} s. Check that the endpoint has a"
            " subscription: convoy setup makes one.",
            NOT_DONE,
        )
    convoy_tables.say_deliveries(found, now(), as_json=as_json)
    if any(each["status"] == Status.DISCARDED for each in found):
        terminal.say("Discarded: the endpoint is paused or inactive.", stderr=True)
    if any(each["status"] != Status.SUCCESS for each in found):
        raise typer.Exit(NOT_DONE)


def _publish_ping(publisher: Publisher, owner: str) -> str:
    """Returns the event's id once Convoy accepted the event."""
    moment = now()
    event = envelope(PING, event_id=new_event_id(moment), owner=owner, now=moment)
    outcome = publisher.publish(event)
    if not isinstance(outcome, Accepted):
        code = NOT_DONE if isinstance(outcome, Refused) else ENVIRONMENT
        raise exit_with(f"Convoy did not accept the ping: {outcome.reason}.", code)
    terminal.say(f"Convoy accepted the ping: event {event.id}.", stderr=True)
    return event.id


@convoy.command(epilog=EXIT_CODES)
def listen(
    ctx: typer.Context,
    *,
    every: Annotated[int, typer.Option(min=1, help="Seconds between checks.")] = 2,
    as_json: JsonOption = False,
) -> None:
    """Print new events until Ctrl-C. Only --json shows the resources' text."""
    wait: Callable[[float], None] = ctx.obj or time.sleep
    with connected() as (_, connection), interrupts() as interrupt:
        listener = Listener(connection.project)
        terminal.say("Listening; Ctrl-C ends it.", stderr=True)
        while not interrupt.asked:
            try:
                for event in listener.new_events():
                    convoy_tables.say_event(event, as_json=as_json)
            except ConvoyError as error:  # a refusal too: Convoy answers 400 to some outages
                terminal.say(f"{error}\nNext check in {every} s.", stderr=True)
            interrupt.pause(every, wait)
