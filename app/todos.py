"""The todo and its changes. Pure: each change gives the new state together with its event."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from app import events

if TYPE_CHECKING:
    from datetime import datetime

MAX_ID = 2**53 - 1
"""The largest integer that JavaScript holds exactly (`Number.MAX_SAFE_INTEGER`)."""

MAX_ITEM_LENGTH = 10_000
"""Characters. At four bytes each, ten times under DynamoDB's 400 KB an item."""


class TodoError(Exception):
    """A request that the todo's state forbids."""

    def __init__(self, todo_id: int, message: str) -> None:
        super().__init__(message)
        self.todo_id = todo_id


class TodoNotFound(TodoError):
    def __init__(self, todo_id: int) -> None:
        super().__init__(todo_id, f"Todo with id {todo_id} not found.")


class TodoExists(TodoError):
    def __init__(self, todo_id: int) -> None:
        super().__init__(todo_id, f"Todo with id {todo_id} already exists.")


class VersionMismatch(TodoError):
    """The version that the client asked for (`If-Match`) is not the current one."""

    def __init__(self, todo_id: int, version: int) -> None:
        super().__init__(todo_id, f"Todo with id {todo_id} is at version {version}.")


@dataclass(frozen=True, slots=True)
class Todo:
    owner: str
    id: int
    item: str
    completed: bool = False
    version: int = 1
    born: str = field(default="", compare=False)
    """The id of the event that tells of its creation: a todo created again is another todo."""

    def public(self) -> dict[str, object]:
        """What a client and a receiver see of it."""
        return {
            "id": self.id,
            "item": self.item,
            "completed": self.completed,
            "version": self.version,
        }


@dataclass(frozen=True, slots=True)
class Change:
    """A step of one todo, and the event that tells of it. They are saved together or not at all.

    `todo` is the state after the change (before it, for a deletion); `seen` is the state that it
    was decided on, None where there was no todo.
    """

    todo: Todo
    seen: Todo | None
    event: events.Event
    deletes: bool = False


def create(todo: Todo, *, now: datetime, event_id: str) -> Change:
    event = _event(events.CREATED, todo, now=now, event_id=event_id)
    return Change(replace(todo, born=event_id), None, event)


def update(
    todo: Todo, *, item: str | None, completed: bool | None, now: datetime, event_id: str
) -> Change:
    """Replace what is given, keep what is None."""
    after = replace(
        todo,
        item=todo.item if item is None else item,
        completed=todo.completed if completed is None else completed,
        version=todo.version + 1,
    )
    return Change(after, todo, _event(events.UPDATED, after, now=now, event_id=event_id))


def delete(todo: Todo, *, now: datetime, event_id: str) -> Change:
    event = _event(events.DELETED, todo, now=now, event_id=event_id)
    return Change(todo, todo, event, deletes=True)


def _event(
    event_type: events.EventType, todo: Todo, *, now: datetime, event_id: str
) -> events.Event:
    return events.envelope(
        event_type, event_id=event_id, owner=todo.owner, now=now, todo=todo.public()
    )
