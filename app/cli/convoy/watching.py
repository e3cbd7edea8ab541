"""`convoy listen`: print new events, and forward them."""

from __future__ import annotations

import secrets
import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import convoy_tables, terminal
from app.cli.convoy.connecting import connected
from app.cli.convoy.forwarding import Forwarder
from app.cli.convoy.group import convoy
from app.cli.convoy_watch import Listener
from app.cli.helping import Command, examples
from app.cli.options import JsonOption, web_url
from app.cli.relay_loop import interrupts
from app.convoy_admin.calls import ConvoyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.convoy_admin.calls import JsonObject


def _url(value: str | None) -> str | None:
    return None if value is None else web_url(value)


@convoy.command(
    cls=Command,
    epilog=examples(
        "convoy listen",
        "convoy listen --forward-to http://localhost:3000/webhooks",
        "convoy listen --json | jq .data",
    ),
)
def listen(
    ctx: typer.Context,
    *,
    every: Annotated[int, typer.Option(min=1, help="Seconds between checks.")] = 2,
    forward_to: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="POST each new event to this URL, once, signed as Convoy signs.",
            callback=_url,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print new events until Ctrl-C. Only --json shows the resources' text.

    With --forward-to this command sends them, not Convoy: from this machine, with its own secret.

    Convoy delivers to its endpoints as ever.
    """
    wait: Callable[[float], None] = ctx.obj or time.sleep
    with connected() as (_, connection), interrupts() as interrupt, ExitStack() as stack:
        listener = Listener(connection.project)
        forwarder = None
        if forward_to is not None:
            forwarder = stack.enter_context(closing(_forwarder(forward_to, as_json=as_json)))
        terminal.say("Listening; Ctrl-C ends it.", stderr=True)
        while not interrupt.asked:
            try:
                for event in listener.new_events():
                    if interrupt.asked:
                        break
                    _print(event, forwarder, as_json=as_json)
            except ConvoyError as error:  # a refusal too: Convoy answers 400 to some outages
                terminal.say(f"{error}\nNext check in {every} s.", stderr=True)
            interrupt.pause(every, wait)


def _forwarder(url: str, *, as_json: bool) -> Forwarder:
    """Its secret is new, and is printed."""
    secret = secrets.token_urlsafe(18)
    terminal.say(
        f"This command sends the new events to {url}, not Convoy: each one once, from this"
        " machine. It signs them with this secret, until it ends:",
        stderr=True,
    )
    if as_json:
        terminal.say_json({"forward_to": url, "secret": secret})
    else:
        terminal.say(f"CONVOY_ENDPOINT_SECRET={secret}", stderr=True)
    return Forwarder(url, secret)


def _print(event: JsonObject, forwarder: Forwarder | None, *, as_json: bool) -> None:
    forwarded = None
    if forwarder is not None and not event["is_duplicate_event"]:
        forwarded = forwarder.send(event)
    convoy_tables.say_event(event, forwarded, as_json=as_json)
