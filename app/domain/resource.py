"""Any resource: its version, its changes with their events, its errors."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, NamedTuple, Protocol, TypeVar

from app.domain import fields
from app.domain.events import ResourceEvents, envelope, title

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from dataclasses import Field
    from datetime import datetime

    from app.domain.events import Event, EventType
    from app.domain.fields import Json

MAX_ID = 2**53 - 1
"""The largest integer that JavaScript holds exactly (`Number.MAX_SAFE_INTEGER`)."""


class Resource(Protocol):
    """A frozen dataclass: owner, id, version, and fields of the types in app/domain/fields.py.

    Each change adds one to `version`, and so does a deletion. A resource that is created again
    under a deleted id continues from the deletion's version: the higher version is the newer state.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def owner(self) -> str: ...
    @property
    def id(self) -> int: ...
    @property
    def version(self) -> int: ...


R = TypeVar("R", bound=Resource)

COMMON_FIELDS: Mapping[str, type] = {"owner": str, "id": int, "version": int}
"""The fields that each resource has."""

Action = Literal["create", "update", "delete"]


class Change(NamedTuple, Generic[R]):
    """A change of one resource, and its event: both are saved, or neither.

    `state` is the resource after the change. For a deletion it is the last state, with the
    deletion's version.
    """

    action: Action
    state: R
    event: Event

    @property
    def base_version(self) -> int:
        """The version before the change; 0 if the id was never used."""
        return self.state.version - 1


class ResourceError(Exception):
    """The resource's state does not allow the request: 409, unless app/http/problems.py has another
    status for the subclass.
    """

    def __init__(self, name: str, resource_id: int | str, problem: str) -> None:
        super().__init__(f"{title(name)} with id {resource_id} {problem}.")


class NotFound(ResourceError):
    """`resource_id` of an event is text."""

    def __init__(self, name: str, resource_id: int | str) -> None:
        super().__init__(name, resource_id, "not found")


class Exists(ResourceError):
    def __init__(self, name: str, resource_id: int) -> None:
        super().__init__(name, resource_id, "already exists")


class VersionMismatch(ResourceError):
    """The current version is not one at which the client wants it (If-Match, If-None-Match)."""

    def __init__(self, name: str, resource_id: int, version: int) -> None:
        super().__init__(name, resource_id, f"is at version {version}")


class TooLarge(ResourceError):
    """A resource that would not fit into an event, nor into a row."""

    def __init__(self, name: str, resource_id: int) -> None:
        super().__init__(name, resource_id, f"would have over {MAX_BYTES // 1000} kB")


MAX_BYTES = 200_000
"""Of an event's JSON. DynamoDB takes 409,600 bytes an item, with names and keys, and counts up to
two bytes for one of JSON: `1,` in a list takes 3, `[]` in a list takes 4."""

Rule = Callable[[R | None, R | None, "datetime"], object]
"""Raises ResourceError if a change is not allowed. Takes the state before (None for a creation),
the state after (None for a deletion), and the time, aware, in UTC."""

RESERVED_NAMES = {
    *("event", "description", "id", "occurred_at"),  # of an event's payload
    *("owner", "now", "event_id", "event_type"),  # of `envelope`
    *("docs", "events", "redoc", "webhooks"),  # of the API's own paths
}
"""Names that no resource can have."""


@dataclass(frozen=True, slots=True, eq=False)
class ResourceType(Generic[R]):
    """A type of resource: its changes and its events.

    `name` is in paths, messages and payloads. `model` is the resource's dataclass. `field_types`
    has each field except the owner, in the order of payloads.
    """

    name: str
    model: type[R]
    field_types: Mapping[str, Any]
    events: ResourceEvents
    check: Rule[R] | None = None

    def public(self, state: R) -> dict[str, Json]:
        """The JSON for clients and receivers. A field that is None is left out."""
        return {
            name: fields.to_json(value)
            for name in self.field_types
            if (value := getattr(state, name)) is not None
        }

    def create(self, new: R, *, now: datetime, event_id: str) -> Change[R]:
        if self.check:
            self.check(None, new, now)
        return self._change("create", self.events.created, new, now, event_id)

    def update(
        self, before: R, changed: Mapping[str, Any], *, now: datetime, event_id: str
    ) -> Change[R]:
        """Replace the fields in `changed`; keep the others."""
        after = replace(before, **changed, version=before.version + 1)
        if self.check:
            self.check(before, after, now)
        return self._change("update", self.events.updated, after, now, event_id)

    def delete(self, before: R, *, now: datetime, event_id: str) -> Change[R]:
        if self.check:
            self.check(before, None, now)
        last = replace(before, version=before.version + 1)
        return self._change("delete", self.events.deleted, last, now, event_id)

    def _change(
        self, action: Action, event_type: EventType, state: R, now: datetime, event_id: str
    ) -> Change[R]:
        about = {self.name: self.public(state)}
        event = envelope(event_type, event_id=event_id, owner=state.owner, now=now, **about)
        # A deletion stores no resource, and takes back one that fitted under another limit.
        if action != "delete" and len(event.text.encode("utf-8", "replace")) > MAX_BYTES:
            raise TooLarge(self.name, state.id)
        return Change(action, state, event)


def resource_type(
    name: str,
    model: type[R],
    *,
    events: ResourceEvents | None = None,
    check: Rule[R] | None = None,
) -> ResourceType[R]:
    """Without `events` the event types are `order.created` and so on.

    Raises UnsupportedField, and ValueError for a name that no resource can have.
    """
    if re.fullmatch("[a-z][a-z0-9_]*", name) is None or name in RESERVED_NAMES:
        raise ValueError(
            f"{name!r} can't be a resource's name: use small letters, digits and _, and none of"
            f" {', '.join(sorted(RESERVED_NAMES))}."
        )
    types = fields.field_types(model)
    for field, needed in COMMON_FIELDS.items():
        if types.get(field) is not needed:
            problem = f"{model.__name__}.{field}: it must have the type {needed.__name__}."
            raise fields.UnsupportedField(problem)
    own = [each for each in types if each not in COMMON_FIELDS]
    if not own:
        raise fields.UnsupportedField(f"{model.__name__} has no field of its own.")
    ordered = {each: types[each] for each in ("id", *own, "version")}
    return ResourceType(name, model, ordered, events or ResourceEvents.of(name), check)


def check_distinct(resources: Sequence[ResourceType[Any]]) -> None:
    """Raises ValueError if two have the same name, model's name, or event type."""
    for kind, values in {
        "name": [each.name for each in resources],
        "class name": [each.model.__name__ for each in resources],
        "event type": [event_type.name for each in resources for event_type in each.events],
    }.items():
        if twice := sorted({value for value in values if values.count(value) > 1}):
            raise ValueError(f"Two resources have the same {kind}: {', '.join(twice)}.")
