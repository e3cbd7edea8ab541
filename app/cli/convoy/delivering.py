"""`convoy deliveries` and `convoy attempts`: what became of events."""

from __future__ import annotations

import itertools
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli import convoy_tables, terminal
from app.cli.called import command
from app.cli.components import open_components
from app.cli.convoy.choosing import (
    EndpointsOption,
    OwnerOption,
    TypesOption,
    chosen_endpoints,
    known_types,
)
from app.cli.convoy.connecting import connected, delivery_ids
from app.cli.convoy.group import convoy
from app.cli.convoy.searching import SUBJECT_EXAMPLE, Search, Subject, subject
from app.cli.helping import Command, examples
from app.cli.moments import SinceOption, shown
from app.cli.options import NOT_DONE, JsonOption, exit_with, not_blank
from app.convoy_admin.calls import ConvoyNotFound
from app.outbox.rows import event_id_of
from app.wiring.clock import now

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from app.convoy_admin.calls import JsonObject
    from app.convoy_admin.project import Project

LISTED = timedelta(days=7)
"""How far back deliveries are listed by default."""


class Status(StrEnum):
    """Convoy's statuses of a delivery."""

    SCHEDULED = "Scheduled"
    PROCESSING = "Processing"
    RETRY = "Retry"
    SUCCESS = "Success"
    FAILURE = "Failure"
    DISCARDED = "Discarded"


def _delivery_id(value: str) -> str:
    delivery_ids([value])
    return value


@convoy.command(
    cls=Command,
    epilog=examples(
        "convoy deliveries --status failure --since 2h",
        f"convoy deliveries --about {SUBJECT_EXAMPLE} --owner ann",
        "convoy deliveries --event EVENT_ID --json | jq -r .status",
    ),
)
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
    about: Annotated[
        Subject | None,
        typer.Option(
            parser=subject,
            metavar="RESOURCE/ID",
            show_default=False,
            help=f"List the owner's changes of one resource, such as {SUBJECT_EXAMPLE}, with their"
            " deliveries. They come from the log: events that Convoy does not have are there too.",
        ),
    ] = None,
    owner: OwnerOption = None,
    types: TypesOption = None,
    endpoint: EndpointsOption = None,
    since: SinceOption = None,
    limit: Annotated[int, typer.Option(min=1, help="List at most this many deliveries.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """List deliveries, newest first, without the resources' text: by default of the last 7 days."""
    if event is not None and about is not None:
        raise typer.BadParameter("give --event or --about, not both")
    since = since or now() - LISTED
    with connected() as (settings, connection):
        project = connection.project
        chosen: JsonObject = {
            "statuses": status or (),
            "event_types": known_types(project, types),
        }
        if about is not None:
            chosen |= {"endpoints": endpoint or (), "limit": limit}
            found = _about(about, project, owner or settings.convoy_app_id, since, **chosen)
        else:
            chosen |= {"endpoint_ids": chosen_endpoints(project, owner, endpoint), "since": since}
            found = (
                _summaries(project.deliveries(**chosen), limit)
                if event is None
                else _of_event(event, project, limit, **chosen)
            )
    convoy_tables.say_deliveries(found, as_json=as_json)


def _of_event(
    event: str,
    project: Project,
    limit: int,
    **chosen: Any,  # noqa: ANN401
) -> list[JsonObject]:
    try:
        return _summaries(project.deliveries_of_event(event_id_of(event), **chosen), limit)
    except ConvoyNotFound as error:
        raise exit_with(
            f"Convoy has no event {event}. It may wait for Convoy:"
            f" {command('outbox show', event)}. See what became of a resource's events:"
            f" {command('convoy deliveries --about …')}",
            NOT_DONE,
        ) from error


def _about(
    about: Subject,
    project: Project,
    owner: str,
    since: datetime,
    **chosen: Any,  # noqa: ANN401
) -> list[JsonObject]:
    """The changes of a resource with their deliveries. Without a change the command ends."""
    if not owner:
        raise typer.BadParameter("give --owner, or set CONVOY_APP_ID")
    with open_components() as components:
        found = Search(components, project, owner, since).deliveries(about, **chosen)
    if not found and any(chosen[name] for name in ("statuses", "event_types", "endpoints")):
        raise exit_with(
            f"No delivery of {about} of {owner} since {shown(since)} is as chosen. Leave out"
            " --status, --type and --endpoint to see all.",
            NOT_DONE,
        )
    if not found:
        days = components.settings.event_retention_days
        raise exit_with(
            f"No change of {about} of {owner} since {shown(since)}. Check the owner and the"
            " id, or give an earlier --since. Reads and refused requests are not in the log, which"
            f" goes back {days} days (EVENT_RETENTION_DAYS).",
            NOT_DONE,
        )
    return found


def _summaries(found: Iterator[JsonObject], limit: int) -> list[JsonObject]:
    with terminal.progress("Reading", "deliveries") as advance:
        counted = terminal.counted(itertools.islice(found, limit), advance)
        return [convoy_tables.delivery_summary(each) for each in counted]


@convoy.command(cls=Command, epilog=examples("convoy attempts DELIVERY_ID"))
def attempts(
    delivery_id: Annotated[str, typer.Argument(metavar="DELIVERY_ID", callback=_delivery_id)],
    *,
    as_json: JsonOption = False,
) -> None:
    """List the attempts of a delivery, with the receiver's answer, latency and signature."""
    with connected() as (_, connection):
        found = connection.project.attempts(delivery_id)
    convoy_tables.say_attempts(found, as_json=as_json)
