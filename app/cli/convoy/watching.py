"""`convoy ping` and `convoy listen`: the whole way of one event, and what comes of others."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import convoy_tables, terminal
from app.cli.convoy.delivering import Status
from app.cli.convoy.group import connected, convoy
from app.cli.convoy_watch import Listener, deliveries_of
from app.cli.options import ENVIRONMENT, EXIT_CODES, LEFT, Json, ended, printable
from app.cli.relay_loop import interrupts
from app.convoy_admin.project import ConvoyError
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
        typer.Option(help="To whose endpoints (default: CONVOY_APP_ID).", callback=printable),
    ] = None,
    wait_s: Annotated[int, typer.Option(min=1, help="Seconds to wait for its deliveries.")] = 30,
    as_json: Json = False,
) -> None:
    """Publish a ping, and see it delivered: the whole way, from the key to the receiver."""
    wait: Callable[[float], None] = ctx.obj or time.sleep
    with connected() as (settings, parts):
        owner = owner or settings.convoy_app_id
        if not owner:
            raise typer.BadParameter("give --owner, or set CONVOY_APP_ID")
        if next(parts.project.endpoints(owner), None) is None:
            raise ended(f"{owner} has no endpoint: make one with convoy setup --url …", LEFT)
        event_id = _publish_ping(parts.publisher, owner)
        with terminal.progress("Waiting for its deliveries", "looks", wait_s) as one_more:

            def wait_and_tell(seconds: float) -> None:
                wait(seconds)
                one_more()

            found = deliveries_of(event_id, parts.project, looks=wait_s, wait=wait_and_tell)
    if not found:
        told = f"It was not delivered within {wait_s} s: has the endpoint a subscription?"
        raise ended(told, LEFT)
    convoy_tables.say_deliveries(found, now(), as_json=as_json)
    if any(each["status"] == Status.DISCARDED for each in found):
        terminal.say("Discarded: the endpoint is paused or inactive.", stderr=True)
    if any(each["status"] != Status.SUCCESS for each in found):
        raise typer.Exit(LEFT)


def _publish_ping(publisher: Publisher, owner: str) -> str:
    """The event's id, once Convoy has it."""
    moment = now()
    event = envelope(PING, event_id=new_event_id(moment), owner=owner, now=moment)
    outcome = publisher.publish(event)
    if not isinstance(outcome, Accepted):
        code = LEFT if isinstance(outcome, Refused) else ENVIRONMENT
        raise ended(f"Convoy did not take the ping: {outcome.reason}.", code)
    terminal.say(f"Convoy has the ping: event {event.id}.", stderr=True)
    return event.id


@convoy.command(epilog=EXIT_CODES)
def listen(
    ctx: typer.Context,
    *,
    every: Annotated[int, typer.Option(min=1, help="Seconds between looks.")] = 2,
    as_json: Json = False,
) -> None:
    """Print the events that Convoy gets from now on, until Ctrl-C; a todo's text only as JSON."""
    wait: Callable[[float], None] = ctx.obj or time.sleep
    with connected() as (_, parts), interrupts() as interrupt:
        listener = Listener(parts.project)
        terminal.say("Listening; Ctrl-C ends it.", stderr=True)
        while not interrupt.asked:
            try:
                for event in listener.news():
                    convoy_tables.say_event(event, as_json=as_json)
            except ConvoyError as error:  # a refusal too: Convoy's outages are 400s at times
                terminal.say(f"{error}\nNext look in {every} s.", stderr=True)
            interrupt.pause(every, wait)
