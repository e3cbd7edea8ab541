"""The use cases: load, decide, commit, deliver."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from app import events, todos
from app.todos import Change, Todo, TodoError, TodoNotFound, VersionMismatch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence, Set
    from datetime import datetime

MAX_DECISIONS = 8
"""Times a change is decided anew when other writers were faster, before the client is told to."""


KEY_LIFE = timedelta(hours=24)
"""How long an idempotency key stands for its first request."""


class StoreError(Exception):
    """The store failed for a reason that waiting does not mend."""


class StoreUnavailable(StoreError):
    """The store is throttled, contended or out of reach: the same request may succeed later."""


class KeyReused(Exception):
    """An idempotency key came back with another request than its first."""


class KeyTaken(Exception):
    """The transaction was refused: its idempotency key has a record by now."""


class VersionClash(Exception):
    """Another writer came first: the todo is not as the change saw it."""


@dataclass(frozen=True, slots=True)
class Page:
    """`after` is the id to continue after; None on the last page."""

    todos: Sequence[Todo]
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
    todo_id: int
    version: int
    event_id: str


class Store(Protocol):
    """Each call raises StoreError or StoreUnavailable when it could not be made."""

    def get(self, owner: str, todo_id: int) -> Todo | None: ...

    def page(self, owner: str, *, limit: int, after: int | None) -> Page: ...

    def commit(self, change: Change, claim: Claim | None = None) -> None:
        """Save the change with its event, and the claim's record: all or nothing.

        Raises TodoExists or VersionClash when the todo is no longer as the change saw it, KeyTaken
        when the claim's key has a record.
        """

    def record(self, claim: Claim) -> Record | None:
        """What its key stands for, unless that was more than KEY_LIFE ago."""

    def is_waiting(self, event_id: str) -> bool:
        """Whether the outbox has the event still."""


class Delivery(Protocol):
    """Neither call raises when Convoy fails."""

    def deliver(self, event: events.Event) -> bool:
        """Publish a committed event. True: Convoy has it. False: the outbox still does."""

    def announce(self, event: events.Event) -> None:
        """Publish, once, an event that no change stands behind."""


@dataclass(frozen=True, slots=True)
class Committed:
    """`version` is the todo's after the change (before it, for a deletion)."""

    todo_id: int
    version: int
    event_id: str
    accepted: bool
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class TodoService:
    """`clock` gives the time, aware, in UTC; `pause` waits a moment after the nth clash."""

    store: Store
    delivery: Delivery
    clock: Callable[[], datetime]
    new_event_id: Callable[[], str]
    new_todo_id: Callable[[], int]
    pause: Callable[[int], None]
    publish_reads: bool = True

    def ping(self, owner: str) -> None:
        self._read(events.PING, owner)

    def get(self, owner: str, todo_id: int) -> Todo:
        """Raises TodoNotFound."""
        todo = self.store.get(owner, todo_id)
        if todo is None:
            raise TodoNotFound(todo_id)
        self._read(events.RETRIEVED, owner, todo=todo.public())
        return todo

    def page(self, owner: str, *, limit: int, after: int | None) -> Page:
        page = self.store.page(owner, limit=limit, after=after)
        self._read(events.RETRIEVED, owner)
        return page

    def create(
        self, owner: str, todo_id: int | None, item: str, *, completed: bool, key: str | None = None
    ) -> Committed:
        """A None id is drawn at random: among a million todos it is taken once in 10**10 draws.

        Raises TodoExists, KeyReused.
        """
        new_id = self.new_todo_id() if todo_id is None else todo_id
        todo = Todo(owner, new_id, item, completed)
        claim = self._claim(owner, key, "create", todo_id, item, completed)

        def commit() -> Committed:
            change = todos.create(todo, now=self.clock(), event_id=self.new_event_id())
            self.store.commit(change, claim)
            return self._deliver(change)

        return self._once(claim, commit)

    def update(
        self,
        owner: str,
        todo_id: int,
        *,
        item: str | None,
        completed: bool | None,
        versions: Set[int] | None = None,
        key: str | None = None,
    ) -> Committed:
        """Change what is given, if the todo is at one of `versions` (None: at any).

        Raises TodoNotFound, VersionMismatch, KeyReused.
        """

        def decide(todo: Todo) -> Change:
            return todos.update(
                todo,
                item=item,
                completed=completed,
                now=self.clock(),
                event_id=self.new_event_id(),
            )

        claim = self._claim(owner, key, "update", todo_id, item, completed, versions)
        return self._change(owner, todo_id, versions, claim, decide)

    def delete(
        self,
        owner: str,
        todo_id: int,
        *,
        versions: Set[int] | None = None,
        key: str | None = None,
    ) -> Committed:
        """Raises TodoNotFound, VersionMismatch, KeyReused."""

        def decide(todo: Todo) -> Change:
            return todos.delete(todo, now=self.clock(), event_id=self.new_event_id())

        claim = self._claim(owner, key, "delete", todo_id, versions)
        return self._change(owner, todo_id, versions, claim, decide)

    def _change(
        self,
        owner: str,
        todo_id: int,
        versions: Set[int] | None,
        claim: Claim | None,
        decide: Callable[[Todo], Change],
    ) -> Committed:
        def commit() -> Committed:
            for clashes in range(1, MAX_DECISIONS + 1):
                todo = self.store.get(owner, todo_id)
                if todo is None:
                    raise TodoNotFound(todo_id)
                if versions is not None and todo.version not in versions:
                    raise VersionMismatch(todo_id, todo.version)
                change = decide(todo)
                try:
                    self.store.commit(change, claim)
                except VersionClash:
                    self.pause(clashes)
                else:
                    return self._deliver(change)
            raise StoreUnavailable(f"Todo with id {todo_id} has too many writers at once.")

        try:
            return self._once(claim, commit)
        except TodoNotFound:
            self._announce(events.FAILED, owner, todo_id=todo_id)
            raise

    def _claim(self, owner: str, key: str | None, *request: object) -> Claim | None:
        if key is None:
            return None
        fingerprint = sha256(json.dumps(request, default=sorted).encode()).hexdigest()
        return Claim(owner, key, fingerprint, self.clock())

    def _once(self, claim: Claim | None, commit: Callable[[], Committed]) -> Committed:
        """Commit, unless the claim's key stands for a change already: then tell of that one."""
        if claim is None:
            return commit()
        record = self.store.record(claim)
        if record is None:
            try:
                return commit()
            except (KeyTaken, TodoError):
                # Its twin may have been faster, and this the state that it left behind.
                record = self.store.record(claim)
                if record is None:
                    raise
        if record.fingerprint != claim.fingerprint:
            raise KeyReused(claim.key)
        accepted = not self.store.is_waiting(record.event_id)
        return Committed(record.todo_id, record.version, record.event_id, accepted, replayed=True)

    def _deliver(self, change: Change) -> Committed:
        accepted = self.delivery.deliver(change.event)
        return Committed(change.todo.id, change.todo.version, change.event.id, accepted)

    def _read(self, event_type: events.EventType, owner: str, **about: object) -> None:
        if self.publish_reads:
            self._announce(event_type, owner, **about)

    def _announce(self, event_type: events.EventType, owner: str, **about: object) -> None:
        event = events.envelope(
            event_type, event_id=self.new_event_id(), owner=owner, now=self.clock(), **about
        )
        self.delivery.announce(event)
