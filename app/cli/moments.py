"""Moments: as a person gives them, and as tables show them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from app.wiring.clock import now

LONGEST = timedelta(days=3650)
"""The longest that the log can keep an event: `EVENT_RETENTION_DAYS`."""

TIME_WIDTH = 15
"""Columns of `next` and a time: the date on one line, the time with its zone on the next."""

_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


def moment(text: str) -> datetime:
    """RFC 3339, or how long ago: `90s`, `30m`, `2h`, `3d`. Raises BadParameter."""
    latest = now()
    span = re.fullmatch(r"([0-9]{1,9})\s*(s|m|min|h|d)", text.strip(), re.ASCII)
    try:
        since = latest - int(span[1]) * _UNITS[span[2]] if span else datetime.fromisoformat(text)
    except (OverflowError, ValueError):
        since = None
    if since is None or since.tzinfo is None:
        raise typer.BadParameter(
            f"{text!r} is not a moment. Give a date with a time zone, such as 2026-11-24T10:00:00Z,"
            " or how long ago it was, such as 2h or 3d"
        )
    if since > latest:
        raise typer.BadParameter(f"{text!r} is in the future. Give a moment in the past")
    if since < latest - LONGEST:
        raise typer.BadParameter(
            f"{text!r} is over {LONGEST.days} days ago. The log keeps no event for that long:"
            " give a later moment"
        )
    return since.astimezone(UTC)


SinceOption = Annotated[
    datetime | None,
    typer.Option(
        parser=moment,
        metavar="T",
        show_default=False,
        help="A moment, such as 2026-11-24T10:00:00Z, or how long ago: 2h, 3d.",
    ),
]


def shown(at: datetime) -> str:
    """Date, local time and its zone, in whole seconds: `2026-11-24 10:00:00+01:00`."""
    return at.astimezone().isoformat(sep=" ", timespec="seconds")
