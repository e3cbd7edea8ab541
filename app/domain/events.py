"""The events that this API publishes: the catalogue, and the envelope each one travels in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class EventType:
    """`name` is what Convoy filters on; `event` and `description` stand in the payload.

    `carries` names what the payload has beside them, `always` or at times.
    """

    name: str
    event: str
    description: str
    carries: str | None = None
    always: bool = True


PING = EventType("ping", "ping", "Webhook test from application.")
RETRIEVED = EventType(
    "retrieved", "todo.retrieved", "Todo retrieved successfully", "todo", always=False
)
CREATED = EventType("created", "todo.created", "Todo created successfully", "todo")
UPDATED = EventType("updated", "todo.updated", "Todo updated successfully", "todo")
DELETED = EventType("deleted", "todo.deleted", "Todo deleted successfully", "todo")
FAILED = EventType("failed", "todo.failure", "Todo not found.", "todo_id")

CATALOGUE = (PING, RETRIEVED, CREATED, UPDATED, DELETED, FAILED)


@dataclass(frozen=True, slots=True)
class Event:
    """One fact, ready to publish. `id` is its idempotency key; `data` is its JSON payload."""

    id: str
    owner: str
    type: str
    occurred_at: datetime
    data: Mapping[str, object]


def envelope(
    event_type: EventType, *, event_id: str, owner: str, now: datetime, **about: object
) -> Event:
    """Wrap what the event is `about`: `todo=`, `todo_id=`, as JSON values. `now` is aware, UTC."""
    data = {
        "event": event_type.event,
        "description": event_type.description,
        "id": event_id,
        "occurred_at": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        **about,
    }
    return Event(id=event_id, owner=owner, type=event_type.name, occurred_at=now, data=data)
