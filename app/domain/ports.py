"""The calls that the use cases make to a store and to a delivery, with their values and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol

from app.domain.resource import R

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from app.domain.events import Event
    from app.domain.idempotency import Claim, Record
    from app.domain.resource import Change


class StoreError(Exception):
    """The store failed. The same request will fail again."""


class StoreUnavailable(StoreError):
    """The store is throttled, contended or unreachable. The same request may succeed later."""


class UnreadableEvent(StoreError):
    """A row of the log that another version of this code wrote, or that was changed by hand."""

    def __init__(self, event_id: str, problem: Exception) -> None:
        super().__init__(f"event {event_id} of the log can't be read: {problem!r}")
        self.event_id = event_id


class Clash(Exception):
    """Another writer committed first: the change was decided on an outdated state."""


class Page(NamedTuple, Generic[R]):
    """`after`: the next page begins after this id; None on the last page."""

    found: Sequence[R]
    after: int | None


class Snapshot(NamedTuple, Generic[R]):
    """The store at one moment. `freed` is the version of the id's deletion; 0 if there was none."""

    resource: R | None = None
    freed: int = 0
    record: Record | None = None


class Store(Protocol[R]):
    """Each call raises StoreError or StoreUnavailable if it failed."""

    def read(
        self, owner: str, resource_id: int, claim: Claim | None = None, *, freed: bool = False
    ) -> Snapshot[R]:
        """Read all of a snapshot at one moment.

        With `claim`: the key's record, if it is not older than KEY_LIFE. With `freed`: the version
        of the id's deletion.
        """

    def page(self, owner: str, *, limit: int, after: int | None) -> Page[R]: ...

    def commit(self, change: Change[R], claim: Claim | None = None) -> None:
        """Save the change, its event, and the record of the claim's key: all or nothing.

        Raises Clash if the resource has changed since it was read, or if the key has a record.
        """

    def is_waiting(self, event_id: str) -> bool:
        """Whether the event is still in the outbox."""


class EventPage(NamedTuple):
    """`after`: the next page begins after this event's id; None on the last page."""

    found: Sequence[Event]
    after: str | None = None


class ReadableLog(Protocol):
    """The log of committed events. Expired events are left out.

    Each call raises StoreError or StoreUnavailable if it failed.
    """

    def page(
        self,
        owner: str,
        *,
        first: str,
        last: str,
        types: Collection[str],
        limit: int,
        now: datetime,
    ) -> EventPage:
        """Up to `limit` events with ids from `first` to `last`, ordered by id.

        `types`: only events of these types; empty: of all. A page may be shorter than `limit`, or
        empty, and not be the last. It ends before an event that can't be read. Raises
        UnreadableEvent if that is the first one.
        """

    def get(self, owner: str, event_id: str, *, now: datetime) -> Event | None:
        """Raises UnreadableEvent."""


class Delivery(Protocol):
    """Neither call raises."""

    def deliver(self, event: Event) -> bool:
        """Publish a committed event. True: Convoy accepted it. False: the relay will publish it."""

    def publish_best_effort(self, event: Event) -> None:
        """Publish an event of no change, once. If that fails, the event is lost."""
