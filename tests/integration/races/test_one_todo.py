"""Many requests at once change one todo: their order is chance, the result is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.ports import StoreUnavailable
from app.domain.resource import Exists, NotFound, VersionMismatch
from app.domain.service import MAX_DECISIONS, Committed
from app.domain.versions import ANY, Versions
from tests.integration.races.racing import (
    ON_DYNAMODB_LOCAL,
    RACERS,
    ROUNDS,
    changes,
    events_of,
    of,
    race,
)
from tests.support import OWNER
from tests.todo import Todo

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.components import TodoService
    from tests.stand_in import Convoy
    from tests.tables import Outbox, TodoStore


pytestmark = ON_DYNAMODB_LOCAL


def creation(service: TodoService, todo_id: int, item: str) -> Callable[[], Committed]:
    return lambda: service.create(OWNER, todo_id, {"item": item})


def update(
    service: TodoService, todo_id: int, item: str, versions: Versions = ANY
) -> Callable[[], Committed]:
    return lambda: service.update(OWNER, todo_id, {"item": item}, versions=versions)


def deletion(service: TodoService, todo_id: int) -> Callable[[], Committed]:
    return lambda: service.delete(OWNER, todo_id)


def test_of_many_creations_of_one_id_one_wins_with_one_event(
    todo_service: TodoService, store: TodoStore, convoy: Convoy, outbox: Outbox
) -> None:
    for todo_id in range(ROUNDS):
        outcomes = race([creation(todo_service, todo_id, str(racer)) for racer in range(RACERS)])

        (winner,) = of(Committed, outcomes)
        assert len(of(Exists, outcomes)) == RACERS - 1
        item = str(outcomes.index(winner))
        assert store.read(OWNER, todo_id).resource == Todo(OWNER, todo_id, item)
        (event,) = events_of(convoy, todo_id)
        assert (event["id"], event["todo"]["item"]) == (winner.event_id, item)
        assert outbox.event_ids() == changes(convoy)


def test_many_updates_of_one_todo_leave_no_gap_and_one_event_each(
    todo_service: TodoService,
    store: TodoStore,
    convoy: Convoy,
    outbox: Outbox,
) -> None:
    for todo_id in range(ROUNDS):
        creation(todo_service, todo_id, "first")()

        outcomes = race([update(todo_service, todo_id, str(racer)) for racer in range(RACERS)])

        updates = sorted(of(Committed, outcomes), key=lambda committed: committed.version)
        assert len(updates) + len(of(StoreUnavailable, outcomes)) == RACERS
        assert [committed.version for committed in updates] == [*range(2, len(updates) + 2)]
        items = [str(outcomes.index(committed)) for committed in updates]
        assert store.read(OWNER, todo_id).resource == Todo(
            OWNER, todo_id, items[-1], version=len(updates) + 1
        )
        events = events_of(convoy, todo_id)[1:]
        assert [event["id"] for event in events] == [committed.event_id for committed in updates]
        assert [event["todo"]["item"] for event in events] == items
        assert outbox.event_ids() == changes(convoy)


def test_as_many_writers_as_decisions_all_succeed(
    todo_service: TodoService,
) -> None:
    """A writer loses only to another's commit, and each commits once: that limits the losses."""
    for todo_id in range(ROUNDS):
        creation(todo_service, todo_id, "first")()

        outcomes = race([update(todo_service, todo_id, str(n)) for n in range(MAX_DECISIONS)])

        assert len(of(Committed, outcomes)) == MAX_DECISIONS


def test_of_many_updates_of_one_version_one_wins(
    todo_service: TodoService, convoy: Convoy, outbox: Outbox
) -> None:
    first = Versions(only=frozenset({1}))
    for todo_id in range(ROUNDS):
        creation(todo_service, todo_id, "first")()

        outcomes = race([update(todo_service, todo_id, str(n), first) for n in range(RACERS)])

        (winner,) = of(Committed, outcomes)
        assert winner.version == 2
        assert [str(lost) for lost in of(VersionMismatch, outcomes)] == [
            f"Todo with id {todo_id} is at version 2."
        ] * (RACERS - 1)
        assert [event["id"] for event in events_of(convoy, todo_id)[1:]] == [winner.event_id]
        assert outbox.event_ids() == changes(convoy)


def test_of_many_deletions_of_one_todo_one_wins_with_one_event(
    todo_service: TodoService, store: TodoStore, convoy: Convoy, outbox: Outbox
) -> None:
    for todo_id in range(ROUNDS):
        creation(todo_service, todo_id, "first")()

        outcomes = race([deletion(todo_service, todo_id)] * RACERS)

        (winner,) = of(Committed, outcomes)
        assert len(of(NotFound, outcomes)) == RACERS - 1
        assert store.read(OWNER, todo_id).resource is None
        deleted = [
            event for event in events_of(convoy, todo_id) if event["event"] == "todo.deleted"
        ]
        assert [event["id"] for event in deleted] == [winner.event_id]
        assert outbox.event_ids() == changes(convoy)


def test_a_deletion_among_updates_has_the_last_event(
    todo_service: TodoService, store: TodoStore, convoy: Convoy, outbox: Outbox
) -> None:
    for todo_id in range(ROUNDS):
        creation(todo_service, todo_id, "first")()
        updates = [update(todo_service, todo_id, str(n)) for n in range(MAX_DECISIONS - 1)]

        outcomes = race([*updates, deletion(todo_service, todo_id)])

        committed = of(Committed, outcomes)
        assert len(committed) + len(of(NotFound, outcomes)) == MAX_DECISIONS
        assert store.read(OWNER, todo_id).resource is None
        events = events_of(convoy, todo_id)
        versions = [event["todo"]["version"] for event in events]
        assert versions == [*range(1, len(committed) + 2)]
        assert [event["event"] for event in events].index("todo.deleted") == len(committed)
        assert {event["id"] for event in events[1:]} == {one.event_id for one in committed}
        assert outbox.event_ids() == changes(convoy)
