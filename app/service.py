"""The use cases: load, decide, commit, deliver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from app import events, todos
from app.todos import Change, Todo, TodoNotFound, VersionMismatch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

MAX_DECISIONS = 8
"""Times a change is decided anew when other writers were faster, before the client is told to."""


class StoreError(Exception):
    """The store failed for a reason that waiting does not mend."""


class StoreUnavailable(StoreError):
    """The store is throttled, contended or out of reach: the same request may succeed later."""


class VersionClash(Exception):
    """Another writer came first; `current` is the todo as it left it (None: gone)."""

    def __init__(self, current: Todo | None) -> None:
        super().__init__()
        self.current = current


@dataclass(frozen=True, slots=True)
class Page:
    """`after` is the id to continue after; None on the last page."""

    todos: Sequence[Todo]
    after: int | None


class Store(Protocol):
    """Each call raises StoreError or StoreUnavailable when it could not be made."""

    def get(self, owner: str, todo_id: int) -> Todo | None: ...

    def page(self, owner: str, *, limit: int, after: int | None) -> Page: ...

    def commit(self, change: Change) -> None:
        """Save the change with its event, both or neither.

        Raises TodoExists or VersionClash when the todo is no longer as the change saw it.
        """


class Delivery(Protocol):
    """Neither call raises when Convoy fails."""

    def deliver(self, event: events.Event) -> bool:
        """Publish a committed event. True: Convoy has it. False: the outbox still does."""

    def announce(self, event: events.Event) -> None:
        """Publish, once, an event that no change stands behind."""


@dataclass(frozen=True, slots=True)
class Committed:
    """`todo` is the state after the change (before it, for a deletion)."""

    todo: Todo
    event_id: str
    accepted: bool


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

    def create(self, owner: str, todo_id: int | None, item: str, *, completed: bool) -> Committed:
        """A None id is drawn at random: among a million todos it is taken once in 10**10 draws.

        Raises TodoExists.
        """
        new_id = self.new_todo_id() if todo_id is None else todo_id
        todo = Todo(owner, new_id, item, completed)
        change = todos.create(todo, now=self.clock(), event_id=self.new_event_id())
        self.store.commit(change)
        return self._deliver(change)

    def update(
        self,
        owner: str,
        todo_id: int,
        *,
        item: str | None,
        completed: bool | None,
        versions: Collection[int] | None = None,
    ) -> Committed:
        """Change what is given, if the todo is at one of `versions` (None: at any).

        Raises TodoNotFound, VersionMismatch.
        """

        def decide(todo: Todo) -> Change:
            return todos.update(
                todo,
                item=item,
                completed=completed,
                now=self.clock(),
                event_id=self.new_event_id(),
            )

        return self._change(owner, todo_id, versions, decide)

    def delete(
        self, owner: str, todo_id: int, *, versions: Collection[int] | None = None
    ) -> Committed:
        """Raises TodoNotFound, VersionMismatch."""

        def decide(todo: Todo) -> Change:
            return todos.delete(todo, now=self.clock(), event_id=self.new_event_id())

        return self._change(owner, todo_id, versions, decide)

    def _change(
        self,
        owner: str,
        todo_id: int,
        versions: Collection[int] | None,
        decide: Callable[[Todo], Change],
    ) -> Committed:
        todo = self.store.get(owner, todo_id)
        for clashes in range(1, MAX_DECISIONS + 1):
            if todo is None:
                self._announce(events.FAILED, owner, todo_id=todo_id)
                raise TodoNotFound(todo_id)
            if versions is not None and todo.version not in versions:
                raise VersionMismatch(todo_id, todo.version)
            change = decide(todo)
            try:
                self.store.commit(change)
            except VersionClash as clash:
                todo = clash.current
                self.pause(clashes)
            else:
                return self._deliver(change)
        raise StoreUnavailable(f"Todo with id {todo_id} has too many writers at once.")

    def _deliver(self, change: Change) -> Committed:
        return Committed(change.todo, change.event.id, self.delivery.deliver(change.event))

    def _read(self, event_type: events.EventType, owner: str, **about: object) -> None:
        if self.publish_reads:
            self._announce(event_type, owner, **about)

    def _announce(self, event_type: events.EventType, owner: str, **about: object) -> None:
        event = events.envelope(
            event_type, event_id=self.new_event_id(), owner=owner, now=self.clock(), **about
        )
        self.delivery.announce(event)
