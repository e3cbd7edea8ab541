"""The operator's commands about Convoy: set its project up, see what it delivers, send it again."""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from enum import StrEnum
from itertools import islice
from pathlib import Path  # noqa: TC003  # Typer reads the annotation
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit
from uuid import uuid4

import typer
from dotenv import set_key

from app import project_tables, terminal
from app.command_line import ENVIRONMENT, EXIT_CODES, LEFT, Json, ended, not_blank
from app.config import ConvoySettings, SettingsError
from app.events import PING, envelope
from app.following import Listener, published
from app.passes import interrupts
from app.project import ConvoyRefused, ConvoyUnusable
from app.project_wiring import Convoy
from app.publisher import Accepted
from app.setup import STEPS, set_up
from app.wiring import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.setup import Setup


class Status(StrEnum):
    """Of a delivery, as Convoy names them."""

    SCHEDULED = "Scheduled"
    PROCESSING = "Processing"
    RETRY = "Retry"
    SUCCESS = "Success"
    FAILURE = "Failure"
    DISCARDED = "Discarded"


def _web_url(value: str) -> str:
    url = urlsplit(value)
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise typer.BadParameter("must be an http or https URL")
    return value


convoy = typer.Typer(
    help="Set Convoy's project up, and see what it delivers.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
)


@convoy.command(epilog=EXIT_CODES)
def setup(
    url: Annotated[str, typer.Option(help="Where the events are received.", callback=_web_url)],
    *,
    owner: Annotated[
        str | None,
        typer.Option(
            help="Whose events (default: CONVOY_APP_ID, or whose endpoint this is, or a new id).",
            callback=not_blank,
        ),
    ] = None,
    env_file: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Write the settings into this file; else print them."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make an endpoint, its subscription, and the event types with their schemas.

    It can be run again: what is there is kept. It tells the settings that follow from it.
    """
    with _convoy() as (settings, parts), terminal.progress("Setting up", "steps", STEPS) as step:
        done = set_up(
            parts.project,
            url=url,
            owner=owner or settings.convoy_app_id,
            new_owner=lambda: str(uuid4()),
            step=step,
        )
    if as_json:
        terminal.say_json(vars(done))
        return
    changes = [f"Made: {each}." for each in done.made]
    changes += [f"Changed: {each}." for each in done.changed]
    terminal.say("\n".join(changes or ["All is in place already."]), stderr=True)
    _tell_settings(done, env_file)


def _tell_settings(done: Setup, env_file: Path | None) -> None:
    values = {"CONVOY_APP_ID": done.owner, "CONVOY_ENDPOINT_SECRET": done.secret}
    if env_file is None:
        terminal.say("For .env of the API, and for the receiver:", stderr=True)
        terminal.say("\n".join(f"{name}={value}" for name, value in values.items()))
        return
    env_file.touch(mode=0o600)
    for name, value in values.items():
        set_key(env_file, name, value, quote_mode="auto")
    terminal.say(f"{' and '.join(values)} are in {env_file}.", stderr=True)


@convoy.command(epilog=EXIT_CODES)
def endpoints(
    *,
    owner: Annotated[
        str | None, typer.Option(help="Those of one owner (default: all).", callback=not_blank)
    ] = None,
    as_json: Json = False,
) -> None:
    """List where events are delivered; never a secret."""
    with _convoy() as (_, parts), terminal.progress("Reading", "endpoints") as one_more:
        found = list(terminal.counted(parts.project.endpoints(owner or ""), one_more))
    project_tables.say_endpoints(found, as_json=as_json)


@convoy.command(epilog=EXIT_CODES)
def deliveries(
    *,
    status: Annotated[
        list[Status] | None, typer.Option(case_sensitive=False, help="May be given again.")
    ] = None,
    event: Annotated[
        str, typer.Option(metavar="EVENT_ID", help="Those of one event (its Webhook-Id).")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, help="At the most.")] = 100,
    as_json: Json = False,
) -> None:
    """List what Convoy delivers, newest first, of the last 7 days; never a todo's text."""
    with _convoy() as (_, parts), terminal.progress("Reading", "deliveries") as one_more:
        every = parts.project.deliveries(statuses=status or (), event_id=event)
        found = list(terminal.counted(islice(every, limit), one_more))
    project_tables.say_deliveries(found, now(), as_json=as_json)


@convoy.command(epilog=EXIT_CODES)
def attempts(
    delivery_id: Annotated[str, typer.Argument(metavar="DELIVERY_ID")], *, as_json: Json = False
) -> None:
    """List what came of a delivery: each attempt with its answer, latency and signature."""
    with _convoy() as (_, parts):
        found = parts.project.attempts(delivery_id)
    project_tables.say_attempts(found, as_json=as_json)


@convoy.command(epilog=EXIT_CODES)
def resend(
    delivery_ids: Annotated[list[str], typer.Argument(metavar="DELIVERY_ID …")],
    *,
    as_json: Json = False,
) -> None:
    """Send deliveries again that arrived, or failed for good."""
    refused: dict[str, str] = {}
    with (
        _convoy() as (_, parts),
        terminal.progress("Resending", "deliveries", len(delivery_ids)) as one_more,
    ):
        for delivery_id in delivery_ids:
            try:
                parts.project.resend(delivery_id)
            except ConvoyRefused as error:
                refused[delivery_id] = str(error)
            one_more()
    for delivery_id, reason in refused.items():
        terminal.say(f"{delivery_id}: Convoy refused ({reason}).", stderr=True)
    if as_json:
        terminal.say_json({"resent": len(delivery_ids) - len(refused), "refused": refused})
    else:
        terminal.say(f"{len(delivery_ids) - len(refused)} on their way again.")
    if refused:
        raise typer.Exit(LEFT)


@convoy.command(epilog=EXIT_CODES)
def ping(
    ctx: typer.Context,
    *,
    owner: Annotated[
        str | None,
        typer.Option(help="To whose endpoints (default: CONVOY_APP_ID).", callback=not_blank),
    ] = None,
    wait_s: Annotated[int, typer.Option(min=1, help="Seconds to wait for its deliveries.")] = 30,
    as_json: Json = False,
) -> None:
    """Publish a ping, and see it delivered: the whole way, from the key to the receiver."""
    wait: Callable[[float], None] = ctx.obj or time.sleep
    with _convoy() as (settings, parts):
        owner = owner or settings.convoy_app_id
        if not owner:
            raise typer.BadParameter("give --owner, or set CONVOY_APP_ID")
        if next(parts.project.endpoints(owner), None) is None:
            raise ended(f"{owner} has no endpoint: make one with convoy setup --url …", LEFT)
        event = envelope(PING, event_id=str(uuid4()), owner=owner, now=now())
        outcome, found = published(event, parts.publisher, parts.project, wait_s=wait_s, wait=wait)
    if not isinstance(outcome, Accepted):
        raise ended(f"Convoy did not take the ping: {outcome.reason}.", ENVIRONMENT)
    terminal.say(f"Convoy has the ping: event {event.id}.", stderr=True)
    if not found:
        told = f"It was not delivered within {wait_s} s: has the endpoint a subscription?"
        raise ended(told, LEFT)
    project_tables.say_deliveries(found, now(), as_json=as_json)
    if any(each["status"] != Status.SUCCESS for each in found):
        raise typer.Exit(LEFT)


@convoy.command(epilog=EXIT_CODES)
def listen(
    ctx: typer.Context,
    *,
    every: Annotated[int, typer.Option(min=1, help="Seconds between looks.")] = 2,
    as_json: Json = False,
) -> None:
    """Print the events that Convoy gets from now on, until Ctrl-C; a todo's text only as JSON."""
    wait: Callable[[float], None] = ctx.obj or time.sleep
    with _convoy() as (_, parts), interrupts() as interrupt:
        listener = Listener(parts.project)
        terminal.say("Listening; Ctrl-C ends it.", stderr=True)
        while not interrupt.asked:
            try:
                for event in listener.news():
                    project_tables.say_event(event, as_json=as_json)
            except ConvoyUnusable as error:
                terminal.say(f"{error}\nNext look in {every} s.", stderr=True)
            interrupt.pause(every, wait)


@contextmanager
def _convoy() -> Iterator[tuple[ConvoySettings, Convoy]]:
    """Convoy, once it is known that it can be used; for as long as a command lasts."""
    try:
        settings = ConvoySettings.load()
        with closing(Convoy.build(settings)) as parts:
            parts.project.check()
            yield settings, parts
    except (SettingsError, ConvoyUnusable) as error:
        raise ended(str(error), ENVIRONMENT) from error
    except ConvoyRefused as error:
        raise ended(f"Convoy refused: {error}.", LEFT) from error
