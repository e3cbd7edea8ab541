"""Any resource: its version, its changes with their events, its errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Protocol, TypeVar

from app.domain import fields
from app.domain.events import ResourceEvents, envelope

if TYPE_CHECKING:
    from collections.abc import Mapping
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


@dataclass(frozen=True, slots=True)
class Change(Generic[R]):
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

    def __init__(self, name: str, resource_id: int, problem: str) -> None:
        super().__init__(f"{name.capitalize()} with id {resource_id} {problem}.")


class NotFound(ResourceError):
    def __init__(self, name: str, resource_id: int) -> None:
        super().__init__(name, resource_id, "not found")


class Exists(ResourceError):
    def __init__(self, name: str, resource_id: int) -> None:
        super().__init__(name, resource_id, "already exists")


class VersionMismatch(ResourceError):
    """The version that the client asked for (`If-Match`) is not the current one."""

    def __init__(self, name: str, resource_id: int, version: int) -> None:
        super().__init__(name, resource_id, f"is at version {version}")


Rule = Callable[[R | None, R | None], object]
"""Raises ResourceError if a change is not allowed. Takes the state before (None for a creation) and
the state after (None for a deletion)."""


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
        values = ((name, getattr(state, name)) for name in self.field_types)
        return {name: fields.to_json(value) for name, value in values if value is not None}

    def create(self, new: R, *, now: datetime, event_id: str) -> Change[R]:
        if self.check:
            self.check(None, new)
        return self._change("create", self.events.created, new, now, event_id)

    def update(
        self, before: R, changed: Mapping[str, Any], *, now: datetime, event_id: str
    ) -> Change[R]:
        """Replace the fields in `changed`; keep the others."""
        after = replace(before, **changed, version=before.version + 1)
        if self.check:
            self.check(before, after)
        return self._change("update", self.events.updated, after, now, event_id)

    def delete(self, before: R, *, now: datetime, event_id: str) -> Change[R]:
        if self.check:
            self.check(before, None)
        last = replace(before, version=before.version + 1)
        return self._change("delete", self.events.deleted, last, now, event_id)

    def _change(
        self, action: Action, event_type: EventType, state: R, now: datetime, event_id: str
    ) -> Change[R]:
        about = {self.name: self.public(state)}
        event = envelope(event_type, event_id=event_id, owner=state.owner, now=now, **about)
        return Change(action, state, event)


def resource_type(
    name: str,
    model: type[R],
    *,
    events: ResourceEvents | None = None,
    check: Rule[R] | None = None,
) -> ResourceType[R]:
    """Without `events` the event types are `order.created` and so on. Raises UnsupportedField."""
    types = fields.field_types(model)
    for field, needed in COMMON_FIELDS.items():
        if types.get(field) is not needed:
            problem = f"{model.__name__}.{field}: it must have the type {needed.__name__}."
            raise fields.UnsupportedField(problem)
    own = [each for each in types if each not in COMMON_FIELDS]
    ordered = {each: types[each] for each in ("id", *own, "version")}
    return ResourceType(name, model, ordered, events or ResourceEvents.of(name), check)
