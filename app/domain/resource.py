"""What resources have in common: versions, errors, and changes that leave with their event."""

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
    """A frozen dataclass with an owner, an id, a version, and fields as app/domain/fields.py has.

    Each change adds one to `version`, a deletion too. A resource that is created again under the id
    of a deleted one goes on from the deletion's version: the higher version is the newer state.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def owner(self) -> str: ...
    @property
    def id(self) -> int: ...
    @property
    def version(self) -> int: ...


R = TypeVar("R", bound=Resource)

COMMON: Mapping[str, type] = {"owner": str, "id": int, "version": int}
"""Fields that each resource has."""

Action = Literal["create", "update", "delete"]


@dataclass(frozen=True, slots=True)
class Change(Generic[R]):
    """A step of one resource, and its event: saved together, or not at all.

    `state` is the resource after the change; after a deletion, its last state under the deletion's
    version.
    """

    action: Action
    state: R
    event: Event

    @property
    def seen(self) -> int:
        """The version that the change was decided on; 0: the id was never used."""
        return self.state.version - 1


class ResourceError(Exception):
    """A request that a resource's state forbids: 409 (Conflict), unless a subclass has another."""

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
"""What must hold of a change, from its state before (None: a creation) to the one after (None: a
deletion). Raises ResourceError."""


@dataclass(frozen=True, slots=True, eq=False)
class ResourceType(Generic[R]):
    """A type of resource: its `name` in paths, messages and payloads; its changes and its events.

    `types` has the type of each field but the owner, in the order of payloads.
    """

    name: str
    new: type[R]
    types: Mapping[str, Any]
    events: ResourceEvents
    check: Rule[R] | None = None

    def public(self, state: R) -> dict[str, Json]:
        """The resource as clients and receivers see it; a field that is None is left out."""
        values = ((name, getattr(state, name)) for name in self.types)
        return {name: fields.to_json(value) for name, value in values if value is not None}

    def create(self, new: R, *, now: datetime, event_id: str) -> Change[R]:
        if self.check:
            self.check(None, new)
        return self._change("create", self.events.created, new, now, event_id)

    def update(
        self, before: R, changed: Mapping[str, Any], *, now: datetime, event_id: str
    ) -> Change[R]:
        """Replace the fields in `changed`, keep the others."""
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
    new: type[R],
    *,
    events: ResourceEvents | None = None,
    check: Rule[R] | None = None,
) -> ResourceType[R]:
    """Its events are `order.created` and so on, unless others are given.

    Raises UnsupportedField.
    """
    types = fields.types_of(new)
    for common, kind in COMMON.items():
        if types.get(common) is not kind:
            raise fields.UnsupportedField(f"{new.__name__}.{common}: it must be {kind.__name__}.")
    own = [each for each in types if each not in COMMON]
    ordered = {each: types[each] for each in ("id", *own, "version")}
    return ResourceType(name, new, ordered, events or ResourceEvents.of(name), check)
