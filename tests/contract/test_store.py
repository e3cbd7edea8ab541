"""What any store promises the service."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from app import todos
from app.changes import Exists
from app.outbox.rows import Row
from app.ports import StoreError, VersionClash
from app.todos import Todo
from tests.support import GRACE, NOW, TABLES, Outbox, TodoChange, TodoStore, make_outbox

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.parametrize("dynamodb", ["moto", "dynamodb_local"], indirect=True)

TODO = Todo("ann", 1, "one", born="e1")
NOW_MS = NOW.replace(microsecond=123_000)


def created(todo: Todo = TODO, event_id: str = "e1") -> TodoChange:
    return todos.create(todo, now=NOW, event_id=event_id)


def updated(todo: Todo = TODO, event_id: str = "e2") -> TodoChange:
    return todos.update(todo, item="uno", completed=True, now=NOW, event_id=event_id)


def deleted(todo: Todo = TODO, event_id: str = "e3") -> TodoChange:
    return todos.delete(todo, now=NOW, event_id=event_id)


def test_what_was_committed_is_read_back(store: TodoStore) -> None:
    store.commit(created())
    assert store.get("ann", 1) == TODO
    store.commit(updated())
    assert store.get("ann", 1) == Todo("ann", 1, "uno", completed=True, version=2)


def test_a_todo_that_is_not_there_is_none(store: TodoStore) -> None:
    assert store.get("ann", 1) is None


def test_a_deleted_todo_is_gone_and_its_id_is_free_again(store: TodoStore) -> None:
    store.commit(created())
    store.commit(deleted())
    assert store.get("ann", 1) is None
    store.commit(created(event_id="e4"))
    assert store.get("ann", 1) == TODO


def test_each_commit_puts_its_event_into_the_outbox(
    store: TodoStore, dynamodb: DynamoDBClient
) -> None:
    change = created()
    store.commit(change)

    (page,) = make_outbox(dynamodb).pages()
    (row,) = page
    assert row == Row(replace(change.event, occurred_at=NOW_MS), due_at=NOW_MS + GRACE)


def test_a_second_creation_names_the_id_and_leaves_no_event(
    store: TodoStore, outbox: Outbox
) -> None:
    store.commit(created())

    with pytest.raises(Exists, match="Todo with id 1 already exists"):
        store.commit(created(event_id="e2"))

    assert outbox.event_ids() == ["e1"]


@pytest.mark.parametrize("change", [updated, deleted])
def test_a_change_of_a_version_that_is_gone_is_refused_and_leaves_no_event(
    store: TodoStore, outbox: Outbox, change: Any
) -> None:
    store.commit(created())
    store.commit(updated())

    with pytest.raises(VersionClash):
        store.commit(change(event_id="late"))

    assert outbox.event_ids() == ["e1", "e2"]


@pytest.mark.parametrize("change", [updated, deleted])
def test_a_change_of_a_todo_that_was_deleted_and_created_again_is_refused(
    store: TodoStore, outbox: Outbox, change: Any
) -> None:
    store.commit(created())
    store.commit(deleted())
    store.commit(created(Todo("ann", 1, "another"), event_id="e4"))

    with pytest.raises(VersionClash):
        store.commit(change(event_id="late"))

    assert store.get("ann", 1) == Todo("ann", 1, "another")
    assert outbox.event_ids() == ["e1", "e3", "e4"]


@pytest.mark.parametrize("change", [updated, deleted])
def test_a_change_of_a_todo_that_is_gone_is_refused_and_leaves_no_event(
    store: TodoStore, outbox: Outbox, change: Any
) -> None:
    with pytest.raises(VersionClash):
        store.commit(change(event_id="late"))

    assert outbox.event_ids() == []


def test_two_owners_have_a_todo_of_one_id_each(store: TodoStore) -> None:
    store.commit(created())
    store.commit(created(Todo("bob", 1, "bob's"), event_id="e2"))

    assert store.get("ann", 1) == TODO
    assert store.page("ann", limit=10, after=None).found == [TODO]


def test_the_greatest_id_survives_to_the_last_digit(store: TodoStore) -> None:
    todo = Todo("ann", 2**53 - 1, "last")
    store.commit(created(todo))

    assert store.get("ann", 2**53 - 1) == todo


def test_a_row_that_was_written_before_a_field_was_added_has_its_default(
    store: TodoStore, dynamodb: DynamoDBClient
) -> None:
    store.commit(created(replace(TODO, completed=True)))
    dynamodb.update_item(
        TableName=TABLES["TodosTable"],
        Key={"owner": {"S": "ann"}, "id": {"N": "1"}},
        UpdateExpression="REMOVE completed",
    )

    assert store.get("ann", 1) == replace(TODO, completed=False)


@pytest.mark.parametrize("field", ["item", "version", "born"])
def test_a_row_without_what_a_change_takes_is_not_read_and_named(
    store: TodoStore, dynamodb: DynamoDBClient, field: str
) -> None:
    store.commit(created())
    dynamodb.update_item(
        TableName=TABLES["TodosTable"],
        Key={"owner": {"S": "ann"}, "id": {"N": "1"}},
        UpdateExpression="REMOVE #field",
        ExpressionAttributeNames={"#field": field},
    )
    named = rf"todo 1 of ann can't be read: no \['{field}'\]"

    with pytest.raises(StoreError, match=named):
        store.get("ann", 1)
    with pytest.raises(StoreError, match=named):
        store.page("ann", limit=10, after=None)


def test_an_acked_event_is_out_of_the_outbox_and_a_second_ack_does_no_harm(
    store: TodoStore, dynamodb: DynamoDBClient, outbox: Outbox
) -> None:
    store.commit(created())
    make_outbox(dynamodb).ack("e1")
    make_outbox(dynamodb).ack("e1")

    assert outbox.event_ids() == []


def test_a_commit_whose_first_answer_was_lost_is_a_success(
    store: TodoStore, outbox: Outbox
) -> None:
    change = created()
    store.commit(change)
    store.commit(change)

    assert outbox.event_ids() == ["e1"]
