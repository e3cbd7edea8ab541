"""The events that this API publishes: the catalogue, and the envelope each one travels in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
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


@dataclass(frozen=True, slots=True)
class ResourceEvents:
    """The event types of one type of resource."""

    retrieved: EventType
    created: EventType
    updated: EventType
    deleted: EventType
    failed: EventType

    @classmethod
    def of(cls, name: str, prefix: str | None = None) -> Self:
        """Convoy filters on `prefix` and the action; the usual prefix is the name and a dot."""
        prefix = f"{name}." if prefix is None else prefix

        def event_type(action: str, *, always: bool = True) -> EventType:
            description = f"{name.capitalize()} {action} successfully"
            return EventType(f"{prefix}{action}", f"{name}.{action}", description, name, always)

        return cls(
            event_type("retrieved", always=False),
            event_type("created"),
            event_type("updated"),
            event_type("deleted"),
            EventType(
                f"{prefix}failed",
                f"{name}.failure",
                f"{name.capitalize()} not found.",
                f"{name}_id",
            ),
        )

    def __iter__(self) -> Iterator[EventType]:
        yield from (self.retrieved, self.created, self.updated, self.deleted, self.failed)


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
