"""The todo and its changes. Pure: each change gives the new state together with its event."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.domain import events
from app.domain.resource import Change, Kind

if TYPE_CHECKING:
    from datetime import datetime

MAX_ITEM_LENGTH = 10_000
"""Characters. At six bytes each, as an event's JSON has a control character, six times under
DynamoDB's 400 KB an item."""


@dataclass(frozen=True, slots=True)
class Todo:
    owner: str
    id: int
    item: str
    completed: bool = False
    version: int = 1

    def public(self) -> dict[str, object]:
        return {
            "id": self.id,
            "item": self.item,
            "completed": self.completed,
            "version": self.version,
        }


def create(todo: Todo, *, now: datetime, event_id: str) -> Change[Todo]:
    return Change("create", todo, _event(events.CREATED, todo, now=now, event_id=event_id))


def update(
    todo: Todo,
    *,
    item: str | None = None,
    completed: bool | None = None,
    now: datetime,
    event_id: str,
) -> Change[Todo]:
    """Replace what is given, keep what is None."""
    after = replace(
        todo,
        item=todo.item if item is None else item,
        completed=todo.completed if completed is None else completed,
        version=todo.version + 1,
    )
    return Change("update", after, _event(events.UPDATED, after, now=now, event_id=event_id))


def delete(todo: Todo, *, now: datetime, event_id: str) -> Change[Todo]:
    last = replace(todo, version=todo.version + 1)
    return Change("delete", last, _event(events.DELETED, last, now=now, event_id=event_id))


def _event(
    event_type: events.EventType, todo: Todo, *, now: datetime, event_id: str
) -> events.Event:
    return events.envelope(
        event_type, event_id=event_id, owner=todo.owner, now=now, todo=todo.public()
    )


TODO = Kind("todo", Todo, create, update, delete, events.RETRIEVED, events.FAILED)
