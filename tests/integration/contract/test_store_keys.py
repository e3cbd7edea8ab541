"""The promises of any store about idempotency keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.domain.idempotency import KEY_LIFE, Claim, Record
from app.domain.ports import Clash, Snapshot
from tests.support import NOW, TodoChange
from tests.tables import TABLES, Outbox, TodoStore
from tests.todo import TODO, Todo

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.parametrize("dynamodb", ["moto", "dynamodb_local"], indirect=True)

A_TODO = Todo("ann", 1, "one")
CLAIM = Claim("ann", "key", "fingerprint", NOW)
SECOND = timedelta(seconds=1)


def created(todo: Todo = A_TODO, event_id: str = "e1") -> TodoChange:
    return TODO.create(todo, now=NOW, event_id=event_id)


def record(store: TodoStore, claim: Claim = CLAIM) -> Record | None:
    return store.read(claim.owner, 1, claim).record


def test_an_unused_key_has_no_record(store: TodoStore) -> None:
    store.commit(created())

    assert record(store) is None


def test_a_key_stands_for_the_change_that_it_came_with(store: TodoStore) -> None:
    store.commit(created())
    change = TODO.update(A_TODO, {"item": "uno"}, now=NOW, event_id="e2")
    store.commit(change, CLAIM)

    assert record(store) == Record("fingerprint", id=1, version=2, event_id="e2")


def test_a_key_stands_for_the_greatest_id_to_the_last_digit(store: TodoStore) -> None:
    store.commit(created(replace(A_TODO, id=2**53 - 1)), CLAIM)

    found = record(store)
    assert found is not None
    assert found.id == 2**53 - 1


def test_a_taken_key_lets_no_second_change_through(store: TodoStore, outbox: Outbox) -> None:
    store.commit(created(), CLAIM)

    with pytest.raises(Clash):
        store.commit(created(replace(A_TODO, id=2), "e2"), CLAIM)

    assert store.read("ann", 2).resource is None
    assert outbox.event_ids() == ["e1"]


@pytest.mark.parametrize("freed", [False, True])
def test_a_read_has_the_keys_record_and_the_freed_version(store: TodoStore, freed: bool) -> None:
    store.commit(created())
    store.commit(TODO.delete(A_TODO, now=NOW, event_id="e2"), CLAIM)

    kept = Record("fingerprint", id=1, version=2, event_id="e2")
    assert store.read("ann", 1, CLAIM, freed=freed) == Snapshot(None, freed and 2, kept)
    assert store.read("ann", 2, CLAIM, freed=freed) == Snapshot(None, 0, kept)


def test_a_refused_change_leaves_its_key_free(store: TodoStore) -> None:
    store.commit(created())

    with pytest.raises(Clash):
        store.commit(created(event_id="e2"), CLAIM)
    with pytest.raises(Clash):
        store.commit(TODO.delete(replace(A_TODO, version=9), now=NOW, event_id="e3"), CLAIM)

    assert record(store) is None


def test_one_key_stands_for_one_change_of_each_owner(store: TodoStore) -> None:
    bobs = CLAIM._replace(owner="bob")
    store.commit(created(), CLAIM)
    assert record(store, bobs) is None
    store.commit(created(replace(A_TODO, owner="bob"), "e2"), bobs)

    records = [record(store), record(store, bobs)]
    assert [found and found.event_id for found in records] == ["e1", "e2"]


def test_a_key_is_free_after_its_life_even_if_still_stored(
    store: TodoStore,
) -> None:
    store.commit(created(), CLAIM)
    after = CLAIM._replace(now=NOW + KEY_LIFE)

    assert record(store, after) is None
    store.commit(created(replace(A_TODO, id=2), "e2"), after)
    assert record(store, after) == Record("fingerprint", id=2, version=1, event_id="e2")


def test_a_key_is_taken_until_the_end_of_its_life(store: TodoStore) -> None:
    store.commit(created(), CLAIM)
    before = CLAIM._replace(now=NOW + KEY_LIFE - SECOND)

    assert record(store, before) is not None
    with pytest.raises(Clash):
        store.commit(created(replace(A_TODO, id=2), "e2"), before)


def test_an_event_waits_until_its_row_is_deleted(store: TodoStore, outbox: Outbox) -> None:
    assert not store.is_waiting("e1")
    store.commit(created(), CLAIM)
    assert store.is_waiting("e1")
    outbox.remove("e1")
    assert not store.is_waiting("e1")


def test_an_event_with_an_unreadable_row_still_waits(
    store: TodoStore, dynamodb: DynamoDBClient
) -> None:
    dynamodb.put_item(TableName=TABLES["OutboxTable"], Item={"event_id": {"S": "e1"}})

    assert store.is_waiting("e1")
