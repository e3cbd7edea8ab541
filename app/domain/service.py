"""The use cases: read, decide, commit, publish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NamedTuple

from app.domain import events
from app.domain.idempotency import Claim
from app.domain.ports import Clash, Snapshot, StoreUnavailable
from app.domain.resource import Exists, NotFound, R, ResourceError, VersionMismatch
from app.domain.versions import ANY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from app.domain.idempotency import Record
    from app.domain.ports import Delivery, Page, Store
    from app.domain.resource import Change, ResourceType
    from app.domain.versions import Versions

    Fields = Mapping[str, object]

MAX_DECISIONS = 8
"""How often a change is decided while other writers commit first. Then the client gets a 503."""


class Committed(NamedTuple):
    """`version` is the resource's version after the change, or the deletion's version."""

    id: int
    version: int
    event_id: str
    accepted: bool
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Service(Generic[R]):
    """The use cases of one type of resource.

    `clock` returns the time, aware, in UTC. `new_event_id` returns an id for a given time. `pause`
    waits a moment after the nth clash.

    A request that repeats an earlier one under the same idempotency `key` is not done again: it
    gets the first answer. The key's record and the resource are read at one moment, because a
    request with the same key could commit between two reads.
    """

    type: ResourceType[R]
    store: Store[R]
    delivery: Delivery
    clock: Callable[[], datetime]
    new_event_id: Callable[[datetime], str]
    new_id: Callable[[], int]
    pause: Callable[[int], None]
    publish_reads: bool = True

    def ping(self, owner: str) -> None:
        self._publish_read(events.PING, owner)

    def get(self, owner: str, resource_id: int, *, versions: Versions = ANY) -> R:
        """Its version is one of `versions.only`; it may be one of `versions.none_of`.

        Raises NotFound, VersionMismatch.
        """
        found = self.store.read(owner, resource_id).resource
        if found is None:
            raise NotFound(self.type.name, resource_id)
        if versions.misses(found.version):
            raise VersionMismatch(self.type.name, resource_id, found.version)
        self._publish_read(
            self.type.events.retrieved, owner, **{self.type.name: self.type.public(found)}
        )
        return found

    def page(self, owner: str, *, limit: int, after: int | None) -> Page[R]:
        page = self.store.page(owner, limit=limit, after=after)
        self._publish_read(self.type.events.retrieved, owner)
        return page

    def create(
        self, owner: str, resource_id: int | None, fields: Fields, *, key: str | None = None
    ) -> Committed:
        """Without an id, draw one. With a million resources, one draw in 10**10 is taken already.

        Raises Exists, KeyReused.
        """
        new_id = self.new_id() if resource_id is None else resource_id
        claim = self._claim(owner, key, "create", resource_id, fields)

        def read() -> Snapshot[R]:
            return self.store.read(owner, new_id, claim, freed=True)

        def decide(seen: Snapshot[R]) -> Change[R]:
            if seen.resource is not None:
                raise Exists(self.type.name, new_id)
            own = {"owner": owner, "id": new_id, "version": seen.freed + 1}
            now = self.clock()
            new = self.type.model(**{**fields, **own})
            return self.type.create(new, now=now, event_id=self.new_event_id(now))

        # No read first: most ids and keys are new, and the transaction rejects the others.
        return self._commit(claim, read, decide, seen=Snapshot())

    def update(
        self,
        owner: str,
        resource_id: int,
        fields: Fields,
        *,
        versions: Versions = ANY,
        key: str | None = None,
    ) -> Committed:
        """Change these fields, if the resource's version is allowed.

        Raises NotFound, VersionMismatch, KeyReused.
        """
        claim = self._claim(owner, key, "update", resource_id, fields, *versions.of_request())

        def update(before: R, *, now: datetime, event_id: str) -> Change[R]:
            return self.type.update(before, fields, now=now, event_id=event_id)

        return self._change(owner, resource_id, versions, claim, update)

    def delete(
        self,
        owner: str,
        resource_id: int,
        *,
        versions: Versions = ANY,
        key: str | None = None,
    ) -> Committed:
        """Raises NotFound, VersionMismatch, KeyReused."""
        claim = self._claim(owner, key, "delete", resource_id, *versions.of_request())
        return self._change(owner, resource_id, versions, claim, self.type.delete)

    def _change(
        self,
        owner: str,
        resource_id: int,
        versions: Versions,
        claim: Claim | None,
        step: Callable[..., Change[R]],
    ) -> Committed:
        def read() -> Snapshot[R]:
            return self.store.read(owner, resource_id, claim)

        def decide(seen: Snapshot[R]) -> Change[R]:
            current = self._current(seen, owner, resource_id, versions)
            now = self.clock()
            return step(current, now=now, event_id=self.new_event_id(now))

        return self._commit(claim, read, decide)

    def _current(self, seen: Snapshot[R], owner: str, resource_id: int, versions: Versions) -> R:
        name, current = self.type.name, seen.resource
        if current is None:
            self._publish_best_effort(self.type.events.failed, owner, **{f"{name}_id": resource_id})
            raise NotFound(name, resource_id)
        if not versions.allows(current.version):
            raise VersionMismatch(name, resource_id, current.version)
        return current

    def _claim(self, owner: str, key: str | None, *request: object) -> Claim | None:
        if key is None:
            return None
        return Claim.of(owner, key, self.clock(), self.type.name, *request)

    def _commit(
        self,
        claim: Claim | None,
        read: Callable[[], Snapshot[R]],
        decide: Callable[[Snapshot[R]], Change[R]],
        seen: Snapshot[R] | None = None,
    ) -> Committed:
        """Decide on `seen`, or without it on `read()`. After a clash read and decide again.

        If a rule refuses a decision on an assumed snapshot, the key's record is read first: the
        request may have been done before.
        """
        for clashes in range(MAX_DECISIONS):
            if clashes:
                self.pause(clashes)
            assumed = seen is not None
            seen = seen or read()
            if claim and seen.record:
                return self._replay(claim, seen.record)
            try:
                change = decide(seen)
            except ResourceError:
                record = read().record if claim and assumed else None
                if claim and record:
                    return self._replay(claim, record)
                raise
            try:
                self.store.commit(change, claim)
            except Clash:
                seen = None
                continue
            accepted = self.delivery.deliver(change.event)
            return Committed(change.state.id, change.state.version, change.event.id, accepted)
        raise StoreUnavailable(
            f"The {self.type.name} with id {change.state.id} has too many writers at once."
        )

    def _replay(self, claim: Claim, first: Record) -> Committed:
        claim.check(first)
        accepted = not self.store.is_waiting(first.event_id)
        return Committed(first.id, first.version, first.event_id, accepted, replayed=True)

    def _publish_read(self, event_type: events.EventType, owner: str, **about: object) -> None:
        if self.publish_reads:
            self._publish_best_effort(event_type, owner, **about)

    def _publish_best_effort(
        self, event_type: events.EventType, owner: str, **about: object
    ) -> None:
        now = self.clock()
        event_id = self.new_event_id(now)
        event = events.envelope(event_type, event_id=event_id, owner=owner, now=now, **about)
        self.delivery.publish_best_effort(event)
