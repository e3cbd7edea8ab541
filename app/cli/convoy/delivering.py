"""`convoy endpoints`, `deliveries`, `attempts`, `resend`: list deliveries, and send them again."""

from __future__ import annotations

import itertools
import re
from enum import StrEnum
from typing import Annotated

import typer

from app.cli import convoy_tables, terminal
from app.cli.convoy.group import connected, convoy
from app.cli.options import EXIT_CODES, NOT_DONE, JsonOption, not_blank
from app.cli.relay_loop import interrupts
from app.convoy_admin.project import ConvoyRefused
from app.wiring.clients import now


class Status(StrEnum):
    """Convoy's statuses of a delivery."""

    SCHEDULED = "Scheduled"
    PROCESSING = "Processing"
    RETRY = "Retry"
    SUCCESS = "Success"
    FAILURE = "Failure"
    DISCARDED = "Discarded"


def _ids(values: list[str]) -> list[str]:
    for value in values:
        if re.fullmatch("[0-9A-Za-z]+", value) is None:
            raise typer.BadParameter(
                f"{value!r} is not a delivery's id. List the ids: convoy deliveries"
            )
    return values


def _id(value: str) -> str:
    return _ids([value])[0]


@convoy.command(epilog=EXIT_CODES)
def endpoints(
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


@convoy.command(epilog=EXIT_CODES)
def deliveries(
    *,
    status: Annotated[
        list[Status] | None,
        typer.Option(
            case_sensitive=False,
            metavar="STATUS",
            help="A status, such as failure or retry; the option can be repeated.",
        ),
    ] = None,
    event: Annotated[
        str | None,
        typer.Option(
            metavar="EVENT_ID",
            help="List one event's deliveries (its Webhook-Id).",
            callback=not_blank,
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="List at most this many deliveries.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """List the deliveries of the last 7 days, newest first, without the resources' text."""
    with connected() as (_, connection), terminal.progress("Reading", "deliveries") as advance:
        every = connection.project.deliveries(statuses=status or (), event_id=event or "")
        found = list(terminal.counted(itertools.islice(every, limit), advance))
    convoy_tables.say_deliveries(found, now(), as_json=as_json)


@convoy.command(epilog=EXIT_CODES)
def attempts(
    delivery_id: Annotated[str, typer.Argument(metavar="DELIVERY_ID", callback=_id)],
    *,
    as_json: JsonOption = False,
) -> None:
    """List the attempts of a delivery, with answer, latency and signature."""
    with connected() as (_, connection):
        found = connection.project.attempts(delivery_id)
    convoy_tables.say_attempts(found, as_json=as_json)


@convoy.command(epilog=EXIT_CODES)
def resend(
    delivery_ids: Annotated[list[str], typer.Argument(metavar="DELIVERY_ID", callback=_ids)],
    *,
    as_json: JsonOption = False,
) -> None:
    """Send deliveries again, after they arrived or failed for good."""
    refused: dict[str, str] = {}
    resent: list[str] = []
    with connected() as (_, connection), interrupts() as interrupt:
        try:
            with terminal.progress("Resending", "deliveries", len(delivery_ids)) as advance:
                for delivery_id in itertools.takewhile(lambda _: not interrupt.asked, delivery_ids):
                    try:
                        connection.project.resend(delivery_id)
                        resent.append(delivery_id)
                    except ConvoyRefused as error:
                        refused[delivery_id] = str(error)
                    advance()
        finally:  # report what was sent, even if an error ended the command
            _print_resent(delivery_ids, resent, refused, as_json=as_json)
    if len(resent) < len(delivery_ids):
        raise typer.Exit(NOT_DONE)


def _print_resent(
    wanted: list[str], resent: list[str], refused: dict[str, str], *, as_json: bool
) -> None:
    untried = [each for each in wanted if each not in {*resent, *refused}]
    for delivery_id, reason in refused.items():
        terminal.say(f"{delivery_id}: Convoy refused ({reason}).", stderr=True)
    if untried:
        terminal.say(f"Not tried: {' '.join(untried)}.", stderr=True)
    if as_json:
        terminal.say_json({"resent": resent, "refused": refused, "not_tried": untried})
    else:
        terminal.say(f"{len(resent)} sent again.")
