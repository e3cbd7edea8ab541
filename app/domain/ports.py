"""What the use cases ask of a store and of a delivery: the calls, what passes, how they fail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, Protocol

from app.domain.resource import R

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.domain.events import Event
    from app.domain.resource import Change

KEY_LIFE = timedelta(hours=24)
"""How long an idempotency key stands for its first request."""


class StoreError(Exception):
    """The store failed for a reason that waiting does not mend."""


class StoreUnavailable(StoreError):
    """The store is throttled, contended or out of reach: the same request may succeed later."""


class Clash(Exception):
    """Another writer came first: the change was decided on what is no longer so."""


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """`after` is the id to continue after; None on the last page."""

    found: Sequence[R]
    after: int | None


@dataclass(frozen=True, slots=True)
class Claim:
    """A client's idempotency key, and the fingerprint of the request that it came with."""

    owner: str
    key: str
    fingerprint: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Record:
    """What a key stands for: the first request, and the change that it made."""

    fingerprint: str
    id: int
    version: int
    event_id: str


@dataclass(frozen=True, slots=True)
class Snapshot(Generic[R]):
    """What there was at one moment. `freed` is the version of the id's deletion, 0 without one."""

    resource: R | None = None
    freed: int = 0
    record: Record | None = None


class Store(Protocol[R]):
    """Each call raises StoreError or StoreUnavailable when it could not be made."""

    def read(
        self, owner: str, resource_id: int, claim: Claim | None = None, *, freed: bool = False
    ) -> Snapshot[R]:
        """The resource; the record of the claim's key, unless that is older than KEY_LIFE; with
        `freed`, the version of the id's deletion. All as of one moment.
        """

    def page(self, owner: str, *, limit: int, after: int | None) -> Page[R]: ...

    def commit(self, change: Change[R], claim: Claim | None = None) -> None:
        """Save the change with its event, and the claim's record: all or nothing.

        Raises Clash when the resource is no longer as the change saw it, or the claim's key has a
        record.
        """

    def is_waiting(self, event_id: str) -> bool:
        """Whether the outbox has the event still."""


class Delivery(Protocol):
    """Neither call raises."""

    def deliver(self, event: Event) -> bool:
        """Publish a committed event. True: Convoy has it. False: the outbox still does."""

    def publish_best_effort(self, event: Event) -> None:
        """Publish, once, an event that no change stands behind."""
