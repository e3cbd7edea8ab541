"""The payload of each event, as docs/events.md describes it. Written by `make docs`.

Other fields and other events may be added at any time: ignore them.
"""

from typing import Literal, NotRequired, TypedDict


class Todo(TypedDict):
    id: int
    item: str
    completed: bool
    version: int


class Ping(TypedDict):
    """Event type `ping`."""

    event: Literal["ping"]
    description: str
    id: str
    occurred_at: str  # date-time


class TodoRetrieved(TypedDict):
    """Event type `retrieved`."""

    event: Literal["todo.retrieved"]
    description: str
    id: str
    occurred_at: str  # date-time
    todo: NotRequired[Todo]


class TodoCreated(TypedDict):
    """Event type `created`."""

    event: Literal["todo.created"]
    description: str
    id: str
    occurred_at: str  # date-time
    todo: Todo


class TodoUpdated(TypedDict):
    """Event type `updated`."""

    event: Literal["todo.updated"]
    description: str
    id: str
    occurred_at: str  # date-time
    todo: Todo


class TodoDeleted(TypedDict):
    """Event type `deleted`."""

    event: Literal["todo.deleted"]
    description: str
    id: str
    occurred_at: str  # date-time
    todo: Todo


class TodoFailure(TypedDict):
    """Event type `failed`."""

    event: Literal["todo.failure"]
    description: str
    id: str
    occurred_at: str  # date-time
    todo_id: int


WebhookEvent = Ping | TodoRetrieved | TodoCreated | TodoUpdated | TodoDeleted | TodoFailure
