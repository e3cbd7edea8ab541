"""Rows of the outbox: tables for people, JSON for scripts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from app.cli.terminal import coloured, on_own_lines, plain, seconds, span, table
from app.outbox.rows import WAITING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.table import Table
    from rich.text import Text

    from app.outbox.rows import Row


def summary(row: Row, now: datetime) -> dict[str, object]:
    """A row without its payload, which has the resource's text. Times are in seconds."""
    return {
        "event_id": row.event.id,
        "type": row.event.type,
        "owner": row.event.owner,
        "state": row.state,
        "age_s": seconds(now - row.event.occurred_at),
        "attempts": row.attempts,
        "due_in_s": seconds(row.due_at - now) if row.state == WAITING else None,
        "reason": row.reason,
    }


def page(rows: Sequence[Row], now: datetime, *, header: bool) -> Table:
    """One page of a list."""
    made = table("Event, type, owner (reason)", header=header, Age=7, Tries=5, Due_in=7)
    for row in rows:
        reason = f" ({why})" if (why := _reason(row)) else ""
        lines = [row.event.id, f"  {row.event.type}, {row.event.owner}{reason}"]
        made.add_row(
            span(seconds(now - row.event.occurred_at)),
            str(row.attempts) if row.attempts else "-",
            due(row, now),
            on_own_lines(lines),
        )
    return made


def _reason(row: Row) -> str:
    """Why the event waits. A request records its own attempt only if Convoy failed in it."""
    if row.attempts:
        return row.reason
    if row.maybe_accepted:
        return "accepted, or not tried because Convoy had just failed"
    return "put back, and not tried yet"


def details(row: Row, now: datetime) -> Text:
    """A row and its payload, for a person."""
    tries = f"{row.attempts} ({row.refusals} refused)" if row.attempts else "none recorded"
    fields = {
        "Event": row.event.id,
        "Type": row.event.type,
        "Owner": row.event.owner,
        "State": row.state,
        "Age": span(seconds(now - row.event.occurred_at)),
        "Tries": tries,
        "Due in": due(row, now),
        "Reason": _reason(row) or "none",
    }
    payload = json.dumps(row.event.data, indent=2, ensure_ascii=False)
    text = coloured("")
    for name, value in fields.items():
        text.append(f"{name:8}").append(coloured(row.state if name == "State" else "", value))
        text.append("\n")
    return text.append(plain(f"Payload\n{payload}"))


def due(row: Row, now: datetime) -> str:
    if row.state != WAITING:
        return "never"
    return span(seconds(row.due_at - now)) if row.due_at > now else "now"
