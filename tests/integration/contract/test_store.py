"""The promises of any store to the service."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.domain.ports import Clash, Snapshot, StoreError
from app.dynamodb.resource_table import TOMBSTONE_EXPIRY
from app.outbox.rows import Row
from tests.support import GRACE, NOW, TodoChange
from tests.tables import TABLES, Outbox, TodoStore, make_outbox
from tests.todo import TODO, Todo

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.parametrize("dynamodb", ["moto", "dynamodb_local"], indirect=True)

A_TODO = Todo("ann", 1, "one")
NOW_MS = NOW.replace(microsecond=123_000)


def created(todo: Todo = A_TODO, event_id: str = "e1") -> TodoChange:
    return TODO.create(todo, now=NOW, event_id=event_id)


def updated(todo: Todo = A_TODO, event_id: str = "e2") -> TodoChange:
    return TODO.update(todo, {"item": "uno", "completed": True}, now=NOW, event_id=event_id)


def deleted(todo: Todo = A_TODO, event_id: str = "e3") -> TodoChange:
    return TODO.delete(todo, now=NOW, event_id=event_id)


def at(version: int) -> Todo:
    return replace(A_TODO, version=version)


def test_what_was_committed_is_read_back(store: TodoStore) -> None:
    store.commit(created())
    assert store.read("ann", 1) == Snapshot(A_TODO)
    store.commit(updated())
    assert store.read("ann", 1) == Snapshot(Todo("ann", 1, "uno", completed=True, version=2))


def test_a_missing_todo_is_none(store: TodoStore) -> None:
    assert store.read("ann", 1) == store.read("ann", 1, freed=True) == Snapshot(None)


def test_a_deleted_todo_is_gone_and_its_version_is_remembered(store: TodoStore) -> None:
    store.commit(created())
    store.commit(deleted())

    assert store.read("ann", 1, freed=True) == Snapshot(None, freed=2)
    assert store.page("ann", limit=10, after=None).found == []


def test_a_creation_continues_from_the_version_of_the_deletion(store: TodoStore) -> None:
    store.commit(created())
    store.commit(deleted())

    store.commit(created(at(3), "e4"))

    assert store.read("ann", 1, freed=True) == Snapshot(at(3), freed=0)
    store.commit(deleted(at(3), "e5"))
    assert store.read("ann", 1, freed=True) == Snapshot(None, freed=4)


@pytest.mark.parametrize("version", [1, 2, 4])
def test_a_creation_that_does_not_know_the_last_deletion_is_refused(
    store: TodoStore, outbox: Outbox, version: int
) -> None:
    store.commit(created())
    store.commit(deleted())

    with pytest.raises(Clash):
        store.commit(created(at(version), "late"))

    assert store.read("ann", 1, freed=True) == Snapshot(None, freed=2)
    assert outbox.event_ids() == ["e1", "e3"]


def test_a_creation_after_a_deletion_that_never_was_is_refused(store: TodoStore) -> None:
    with pytest.raises(Clash):
        store.commit(created(at(3)))


def test_the_greatest_ids_tombstone_is_its_own(store: TodoStore) -> None:
    for number, todo_id in enumerate([0, 1, 2**53 - 1]):
        todo = Todo("ann", todo_id, "x", version=1)
        store.commit(created(todo, f"c{number}"))
        store.commit(deleted(todo, f"d{number}"))
        store.commit(created(replace(todo, version=3), f"e{number}"))

    assert [todo.id for todo in store.page("ann", limit=10, after=None).found] == [0, 1, 2**53 - 1]
    assert [store.read("ann", each, freed=True).freed for each in (0, 1, 2**53 - 1)] == [0] * 3


def test_dynamodb_may_delete_a_tombstone_after_a_year_and_a_todo_never(
    store: TodoStore, dynamodb: DynamoDBClient
) -> None:
    store.commit(created())
    store.commit(created(replace(A_TODO, id=2), "e2"))
    store.commit(deleted())

    rows = dynamodb.scan(TableName=TABLES["ResourcesTable"])["Items"]

    expiries = {row["id"]["N"]: row.get(TOMBSTONE_EXPIRY) for row in rows}
    year = int((NOW + timedelta(days=365)).timestamp())
    assert expiries == {"2": None, "-2": {"N": str(year)}}


def test_each_commit_puts_its_event_into_the_outbox(
    store: TodoStore, dynamodb: DynamoDBClient
) -> None:
    change = created()
    store.commit(change)

    (page,) = make_outbox(dynamodb).pages()
    (row,) = page
    assert row == Row(replace(change.event, occurred_at=NOW_MS), due_at=NOW_MS + GRACE)


def test_a_second_creation_is_refused_and_leaves_no_event(store: TodoStore, outbox: Outbox) -> None:
    store.commit(created())

    with pytest.raises(Clash):
        store.commit(created(event_id="e2"))

    assert outbox.event_ids() == ["e1"]


@pytest.mark.parametrize("change", [updated, deleted])
def test_a_change_of_an_old_version_is_refused_and_leaves_no_event(
    store: TodoStore, outbox: Outbox, change: Any
) -> None:
    store.commit(created())
    store.commit(updated())

    with pytest.raises(Clash):
        store.commit(change(event_id="late"))

    assert outbox.event_ids() == ["e1", "e2"]


@pytest.mark.parametrize("change", [updated, deleted])
def test_a_change_of_a_todo_that_was_deleted_and_created_again_is_refused(
    store: TodoStore, outbox: Outbox, change: Any
) -> None:
    store.commit(created())
    store.commit(deleted())
    another = Todo("ann", 1, "another", version=3)
    store.commit(created(another, "e4"))

    with pytest.raises(Clash):
        store.commit(change(event_id="late"))

    assert store.read("ann", 1).resource == another
    assert outbox.event_ids() == ["e1", "e3", "e4"]


@pytest.mark.parametrize("change", [updated, deleted])
def test_a_change_of_a_missing_todo_is_refused_and_leaves_no_event(
    store: TodoStore, outbox: Outbox, change: Any
) -> None:
    with pytest.raises(Clash):
        store.commit(change(event_id="late"))

    assert outbox.event_ids() == []


def test_two_owners_may_each_use_one_id(store: TodoStore) -> None:
    store.commit(created())
    store.commit(created(Todo("bob", 1, "bob's"), event_id="e2"))

    assert store.read("ann", 1).resource == A_TODO
    assert store.page("ann", limit=10, after=None).found == [A_TODO]


def test_the_greatest_id_survives_to_the_last_digit(store: TodoStore) -> None:
    todo = Todo("ann", 2**53 - 1, "last")
    store.commit(created(todo))

    assert store.read("ann", 2**53 - 1).resource == todo


def test_a_row_that_was_written_before_a_field_was_added_has_its_default(
    store: TodoStore, dynamodb: DynamoDBClient
) -> None:
    store.commit(created(replace(A_TODO, completed=True)))
    edit(dynamodb, "REMOVE completed")

    assert store.read("ann", 1).resource == replace(A_TODO, completed=False)


def test_a_row_with_unknown_attributes_is_read_and_changed(
    store: TodoStore, dynamodb: DynamoDBClient
) -> None:
    """Rows of older deployments have a `born`."""
    store.commit(created())
    edit(dynamodb, "SET born = :born", {":born": {"S": "fda3c152-30d6-4111-8c99-8b099a3e16df"}})

    assert store.read("ann", 1).resource == A_TODO
    store.commit(updated())
    assert store.page("ann", limit=10, after=None).found == [updated().state]


@pytest.mark.parametrize("field", ["item", "version"])
def test_a_row_without_a_required_field_is_reported(
    store: TodoStore, dynamodb: DynamoDBClient, field: str
) -> None:
    store.commit(created())
    edit(dynamodb, f"REMOVE #{field}", names={f"#{field}": field})
    named = rf"todo 1 of ann can't be read: .*no {field}"

    with pytest.raises(StoreError, match=named):
        store.read("ann", 1)
    with pytest.raises(StoreError, match=named):
        store.page("ann", limit=10, after=None)


def edit(dynamodb: DynamoDBClient, expression: str, values: Any = None, names: Any = None) -> None:
    """Change the todo's row directly."""
    given = {"ExpressionAttributeValues": values, "ExpressionAttributeNames": names}
    dynamodb.update_item(
        TableName=TABLES["ResourcesTable"],
        Key={"kind/owner": {"S": "todo/ann"}, "id": {"N": "1"}},
        UpdateExpression=expression,
        **{name: value for name, value in given.items() if value},
    )


def test_a_commit_whose_first_answer_was_lost_is_a_success(
    store: TodoStore, outbox: Outbox
) -> None:
    change = created()
    store.commit(change)
    store.commit(change)

    assert outbox.event_ids() == ["e1"]
