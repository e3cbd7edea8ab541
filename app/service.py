"""The use cases: load, decide, commit, deliver."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Generic

from app import events
from app.changes import NotFound, R, ResourceError, VersionMismatch
from app.ports import Claim, KeyTaken, StoreUnavailable, VersionClash

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Set
    from datetime import datetime

    from app.changes import Change, Kind
    from app.ports import Delivery, Page, Store

    Fields = Mapping[str, object]

MAX_DECISIONS = 8
"""Times a change is decided anew when other writers were faster, before the client is told to."""


class KeyReused(Exception):
    """An idempotency key came back with another request than its first."""


@dataclass(frozen=True, slots=True)
class Committed:
    """`version` is the resource's after the change (before it, for a deletion)."""

    id: int
    version: int
    event_id: str
    accepted: bool
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Service(Generic[R]):
    """What can be asked of one kind of resource.

    `clock` gives the time, aware, in UTC; `new_event_id` an id of that very time; `pause` waits a
    moment after the nth clash.
    """

    kind: Kind[R]
    store: Store[R]
    delivery: Delivery
    clock: Callable[[], datetime]
    new_event_id: Callable[[datetime], str]
    new_id: Callable[[], int]
    pause: Callable[[int], None]
    publish_reads: bool = True

    def ping(self, owner: str) -> None:
        self._read(events.PING, owner)

    def get(self, owner: str, resource_id: int) -> R:
        """Raises NotFound."""
        found = self.store.get(owner, resource_id)
        if found is None:
            raise NotFound(self.kind.name, resource_id)
        self._read(self.kind.retrieved, owner, **{self.kind.name: found.public()})
        return found

    def page(self, owner: str, *, limit: int, after: int | None) -> Page[R]:
        page = self.store.page(owner, limit=limit, after=after)
        self._read(self.kind.retrieved, owner)
        return page

    def create(
        self, owner: str, resource_id: int | None, fields: Fields, *, key: str | None = None
    ) -> Committed:
        """A None id is drawn at random: among a million it is taken once in 10**10 draws.

        Raises Exists, KeyReused.
        """
        new_id = self.new_id() if resource_id is None else resource_id
        new = self.kind.new(**{**fields, "owner": owner, "id": new_id})
        claim = self._claim(owner, key, "create", resource_id, fields)

        def commit() -> Committed:
            now = self.clock()
            change = self.kind.create(new, now=now, event_id=self.new_event_id(now))
            self.store.commit(change, claim)
            return self._deliver(change)

        return self._once(claim, commit)

    def update(
        self,
        owner: str,
        resource_id: int,
        fields: Fields,
        *,
        versions: Set[int] | None = None,
        key: str | None = None,
    ) -> Committed:
        """Change these fields, if the resource is at one of `versions` (None: at any).

        Raises NotFound, VersionMismatch, KeyReused.
        """

        def decide(seen: R) -> Change[R]:
            now = self.clock()
            return self.kind.update(seen, **fields, now=now, event_id=self.new_event_id(now))

        claim = self._claim(owner, key, "update", resource_id, fields, versions)
        return self._change(owner, resource_id, versions, claim, decide)

    def delete(
        self,
        owner: str,
        resource_id: int,
        *,
        versions: Set[int] | None = None,
        key: str | None = None,
    ) -> Committed:
        """Raises NotFound, VersionMismatch, KeyReused."""

        def decide(seen: R) -> Change[R]:
            now = self.clock()
            return self.kind.delete(seen, now=now, event_id=self.new_event_id(now))

        claim = self._claim(owner, key, "delete", resource_id, versions)
        return self._change(owner, resource_id, versions, claim, decide)

    def _change(
        self,
        owner: str,
        resource_id: int,
        versions: Set[int] | None,
        claim: Claim | None,
        decide: Callable[[R], Change[R]],
    ) -> Committed:
        name = self.kind.name

        def commit() -> Committed:
            for clashes in range(MAX_DECISIONS):
                if clashes:
                    self.pause(clashes)
                seen = self.store.get(owner, resource_id)
                if seen is None:
                    raise NotFound(name, resource_id)
                if versions is not None and seen.version not in versions:
                    raise VersionMismatch(name, resource_id, seen.version)
                change = decide(seen)
                try:
                    self.store.commit(change, claim)
                except VersionClash:
                    continue
                return self._deliver(change)
            raise StoreUnavailable(
                f"The {name} with id {resource_id} has too many writers at once."
            )

        try:
            return self._once(claim, commit)
        except NotFound:
            self._announce(self.kind.failed, owner, **{f"{name}_id": resource_id})
            raise

    def _claim(self, owner: str, key: str | None, *request: object) -> Claim | None:
        if key is None:
            return None
        asked = json.dumps([self.kind.name, *request], sort_keys=True, default=sorted)
        return Claim(owner, key, sha256(asked.encode()).hexdigest(), self.clock())

    def _once(self, claim: Claim | None, commit: Callable[[], Committed]) -> Committed:
        """Commit, unless the claim's key stands for a change already: then tell of that one."""
        if claim is None:
            return commit()
        record = self.store.record(claim)
        if record is None:
            try:
                return commit()
            except (KeyTaken, ResourceError):
                # Its twin may have been faster, and this the state that it left behind.
                record = self.store.record(claim)
                if record is None:
                    raise
        if record.fingerprint != claim.fingerprint:
            raise KeyReused
        accepted = not self.store.is_waiting(record.event_id)
        return Committed(record.id, record.version, record.event_id, accepted, replayed=True)

    def _deliver(self, change: Change[R]) -> Committed:
        accepted = self.delivery.deliver(change.event)
        return Committed(change.state.id, change.state.version, change.event.id, accepted)

    def _read(self, event_type: events.EventType, owner: str, **about: object) -> None:
        if self.publish_reads:
            self._announce(event_type, owner, **about)

    def _announce(self, event_type: events.EventType, owner: str, **about: object) -> None:
        now = self.clock()
        event_id = self.new_event_id(now)
        event = events.envelope(event_type, event_id=event_id, owner=owner, now=now, **about)
        self.delivery.announce(event)
