"""The events that this API publishes: their types, and the envelope of each payload."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class EventType(NamedTuple):
    """Convoy filters on `name`; the payload has `event` and `description`.

    `carries` names the payload's field with the resource or its id. If `always` is False, only some
    payloads have this field.
    """

    name: str
    event: str
    description: str
    carries: str | None = None
    always: bool = True


PING = EventType("ping", "ping", "Webhook test from application.")


def title(resource: str) -> str:
    """The name of a type of resource at the start of a sentence: `Line item` for `line_item`."""
    return resource.replace("_", " ").capitalize()


class ResourceEvents(NamedTuple):
    """The event types of one type of resource."""

    retrieved: EventType
    created: EventType
    updated: EventType
    deleted: EventType
    failed: EventType

    @classmethod
    def of(cls, name: str, prefix: str | None = None) -> Self:
        """Each event type's name is `prefix` and the action. Default prefix: `name` and a dot."""
        prefix = f"{name}." if prefix is None else prefix

        def event_type(action: str, *, always: bool = True) -> EventType:
            description = f"{title(name)} {action} successfully"
            return EventType(f"{prefix}{action}", f"{name}.{action}", description, name, always)

        return cls(
            event_type("retrieved", always=False),
            event_type("created"),
            event_type("updated"),
            event_type("deleted"),
            EventType(
                f"{prefix}failed",
                f"{name}.failure",
                f"{title(name)} not found.",
                f"{name}_id",
            ),
        )

    @property
    def of_changes(self) -> tuple[EventType, ...]:
        """Only these events are committed, and so only these are in the log."""
        return (self.created, self.updated, self.deleted)


_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True)  # no slots: `text` is written once
class Event:
    """One event, ready to publish. `id` is its idempotency key; `data` is its JSON payload."""

    id: str
    owner: str
    type: str
    occurred_at: datetime
    data: Mapping[str, object]

    @cached_property
    def text(self) -> str:
        """The payload as compact JSON: the log and the outbox have it in this form."""
        return _to_json(self.data)

    @property
    def resource(self) -> str | None:
        """The resource that the payload has, or whose id it has: `order/7`. None if it has none."""
        for name, value in self.data.items():
            match value:
                case {"id": int(resource_id)}:
                    return f"{name}/{resource_id}"
                case int(resource_id) if name.endswith("_id"):
                    return f"{name.removesuffix('_id')}/{resource_id}"
        return None


def envelope(
    event_type: EventType, *, event_id: str, owner: str, now: datetime, **about: object
) -> Event:
    """The event with its payload. `about` is JSON: `order=` or `order_id=`. `now` is aware, UTC."""
    data = {
        "event": event_type.event,
        "description": event_type.description,
        "id": event_id,
        "occurred_at": timestamp(now),
        **about,
    }
    return Event(id=event_id, owner=owner, type=event_type.name, occurred_at=now, data=data)


def timestamp(moment: datetime) -> str:
    """RFC 3339, cut to milliseconds. `moment` is aware, UTC."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
