"""`convoy endpoints`, `deliveries`, `attempts`, `resend`: what Convoy delivers, and where."""

from __future__ import annotations

import itertools
import re
from enum import StrEnum
from typing import Annotated

import typer

from app.cli import convoy_tables, terminal
from app.cli.convoy.group import connected, convoy
from app.cli.options import EXIT_CODES, LEFT, Json, not_blank
from app.cli.relay_loop import interrupts
from app.convoy_admin.project import ConvoyRefused
from app.wiring.clients import now


class Status(StrEnum):
    """Of a delivery, as Convoy names them."""

    SCHEDULED = "Scheduled"
    PROCESSING = "Processing"
    RETRY = "Retry"
    SUCCESS = "Success"
    FAILURE = "Failure"
    DISCARDED = "Discarded"


def _ids(values: list[str]) -> list[str]:
    for value in values:
        if re.fullmatch("[0-9A-Za-z]+", value) is None:
            raise typer.BadParameter(f"{value!r} is no delivery's id: convoy deliveries tells them")
    return values


def _id(value: str) -> str:
    return _ids([value])[0]


@convoy.command(epilog=EXIT_CODES)
def endpoints(
    *,
    owner: Annotated[
        str | None, typer.Option(help="Those of one owner (default: all).", callback=not_blank)
    ] = None,
    as_json: Json = False,
) -> None:
    """List where events are delivered; never a secret."""
    with connected() as (_, parts), terminal.progress("Reading", "endpoints") as one_more:
        found = list(terminal.counted(parts.project.endpoints(owner or ""), one_more))
    convoy_tables.say_endpoints(found, as_json=as_json)


@convoy.command(epilog=EXIT_CODES)
def deliveries(
    *,
    status: Annotated[
        list[Status] | None,
        typer.Option(
            case_sensitive=False,
            metavar="STATUS",
            help="Such as failure or retry; may be given again.",
        ),
    ] = None,
    event: Annotated[
        str | None,
        typer.Option(
            metavar="EVENT_ID", help="Those of one event (its Webhook-Id).", callback=not_blank
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At the most.")] = 100,
    as_json: Json = False,
) -> None:
    """List what Convoy delivers, newest first, of the last 7 days; never a todo's text."""
    with connected() as (_, parts), terminal.progress("Reading", "deliveries") as one_more:
        every = parts.project.deliveries(statuses=status or (), event_id=event or "")
        found = list(terminal.counted(itertools.islice(every, limit), one_more))
    convoy_tables.say_deliveries(found, now(), as_json=as_json)


@convoy.command(epilog=EXIT_CODES)
def attempts(
    delivery_id: Annotated[str, typer.Argument(metavar="DELIVERY_ID", callback=_id)],
    *,
    as_json: Json = False,
) -> None:
    """List what came of a delivery: each attempt with its answer, latency and signature."""
    with connected() as (_, parts):
        found = parts.project.attempts(delivery_id)
    convoy_tables.say_attempts(found, as_json=as_json)


@convoy.command(epilog=EXIT_CODES)
def resend(
    delivery_ids: Annotated[list[str], typer.Argument(metavar="DELIVERY_ID", callback=_ids)],
    *,
    as_json: Json = False,
) -> None:
    """Send deliveries again that arrived, or failed for good."""
    refused: dict[str, str] = {}
    resent: list[str] = []
    with connected() as (_, parts), interrupts() as interrupt:
        try:
            with terminal.progress("Resending", "deliveries", len(delivery_ids)) as one_more:
                for delivery_id in itertools.takewhile(lambda _: not interrupt.asked, delivery_ids):
                    try:
                        parts.project.resend(delivery_id)
                        resent.append(delivery_id)
                    except ConvoyRefused as error:
                        refused[delivery_id] = str(error)
                    one_more()
        finally:  # what was sent is told, whatever became of the rest
            _tell_resent(delivery_ids, resent, refused, as_json=as_json)
    if len(resent) < len(delivery_ids):
        raise typer.Exit(LEFT)


def _tell_resent(
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
        terminal.say(f"{len(resent)} on their way again.")
