"""What resources have in common: versions, refusals, and changes that leave with their event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import Field

    from app.domain.events import Event, EventType

MAX_ID = 2**53 - 1
"""The largest integer that JavaScript holds exactly (`Number.MAX_SAFE_INTEGER`)."""


class Resource(Protocol):
    """A frozen dataclass. Its fields are text, whole numbers and truth values.

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

    def public(self) -> dict[str, object]:
        """What a client and a receiver see of it."""


R = TypeVar("R", bound=Resource)

Action = Literal["create", "update", "delete"]


@dataclass(frozen=True, slots=True)
class Change(Generic[R]):
    """A step of one resource, and its event: saved together, or not at all.

    `state` is the one after the change: of a deletion the last one, under the deletion's version.
    """

    action: Action
    state: R
    event: Event

    @property
    def seen(self) -> int:
        """The version that the change was decided on; 0: the id was never used."""
        return self.state.version - 1


@dataclass(frozen=True, slots=True)
class Kind(Generic[R]):
    """A kind of resource: its `name` in messages and payloads, its changes, its other events."""

    name: str
    new: type[R]
    create: Callable[..., Change[R]]
    update: Callable[..., Change[R]]
    delete: Callable[..., Change[R]]
    retrieved: EventType
    failed: EventType


class ResourceError(Exception):
    """A request that a resource's state forbids."""

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
