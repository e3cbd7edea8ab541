"""The log's table has every committed event, in the order of time, for its retention."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.domain.event_ids import uuid7
from app.domain.ports import UnreadableEvent
from tests.support import NOW, RETENTION
from tests.tables import TABLES, TodoStore, make_log
from tests.todo import MAX_ITEM_LENGTH, TODO, Todo

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.domain.events import Event
    from app.dynamodb.events_table import EventsTable

pytestmark = pytest.mark.parametrize("dynamodb", ["moto", "dynamodb_local"], indirect=True)

SECOND = timedelta(seconds=1)
LONGEST = "\x01" * MAX_ITEM_LENGTH
PAGEFUL = 20
"""More events of the longest todo than a page holds."""


@pytest.fixture
def log(dynamodb: DynamoDBClient) -> EventsTable:
    return make_log(dynamodb)


def commit(
    store: TodoStore, at: datetime = NOW, *, owner: str = "ann", todo_id: int = 1, item: str = "one"
) -> Event:
    todo = Todo(owner, todo_id, item)
    change = TODO.create(todo, now=at, event_id=uuid7(at, todo_id))
    store.commit(change)
    return stored(change.event)


def stored(event: Event) -> Event:
    """The event as it is read back: its time in whole milliseconds."""
    at = event.occurred_at
    return replace(event, occurred_at=at.replace(microsecond=at.microsecond // 1000 * 1000))


def read(log: EventsTable, since: datetime, **options: object) -> list[Event]:
    pages = log.since(since, **{"now": NOW, **options})  # type: ignore[arg-type]
    return [event for page in pages for event in page]


def test_a_committed_event_is_read_back_to_the_last_character(
    store: TodoStore, log: EventsTable
) -> None:
    event = commit(store, item='Grüße, 中文, שלום, 𝄞, a"b\\c\n\x01\u2028')

    assert read(log, NOW) == [event]


def test_an_owners_events_are_in_the_order_of_time(store: TodoStore, log: EventsTable) -> None:
    moments = [NOW + n * SECOND for n in (3, 1, 2)]
    events = [commit(store, at, todo_id=n) for n, at in enumerate(moments)]
    commit(store, owner="bob")

    assert read(log, NOW, owner="ann") == [events[1], events[2], events[0]]


@pytest.mark.parametrize("owner", ["ann", None])
def test_only_events_before_the_moments_millisecond_are_left_out(
    store: TodoStore, log: EventsTable, owner: str | None
) -> None:
    commit(store, NOW - timedelta(milliseconds=1), todo_id=1)
    event = commit(store, todo_id=2)

    assert read(log, NOW, owner=owner) == [event]


def test_without_an_owner_everybodys_events_are_read(store: TodoStore, log: EventsTable) -> None:
    events = [commit(store, owner=owner, todo_id=n) for n, owner in enumerate(["ann", "bob"])]

    assert sorted(read(log, NOW), key=lambda event: event.owner) == events


@pytest.mark.parametrize("owner", ["ann", None])
def test_events_over_more_than_one_page_are_all_read(
    store: TodoStore, log: EventsTable, owner: str | None
) -> None:
    events = [commit(store, todo_id=n, item=LONGEST) for n in range(PAGEFUL)]

    pages = list(log.since(NOW, now=NOW, owner=owner))

    assert len(pages) > 1
    assert [event for page in pages for event in page] == events


@pytest.mark.parametrize("owner", ["ann", None])
def test_an_event_is_read_until_its_retention_is_over(
    store: TodoStore, log: EventsTable, owner: str | None
) -> None:
    event = commit(store)

    assert read(log, NOW, owner=owner, now=NOW + RETENTION - SECOND) == [event]
    assert read(log, NOW, owner=owner, now=NOW + RETENTION) == []


@pytest.mark.parametrize("owner", ["ann", None])
def test_a_damaged_event_is_reported_by_its_id_and_hides_no_other(
    store: TodoStore, log: EventsTable, dynamodb: DynamoDBClient, owner: str | None
) -> None:
    damaged, event = (commit(store, todo_id=n) for n in (1, 2))
    dynamodb.update_item(
        TableName=TABLES["EventsTable"],
        Key={"owner": {"S": "ann"}, "event_id": {"S": damaged.id}},
        UpdateExpression="REMOVE expires_at SET event_type = :number",
        ExpressionAttributeValues={":number": {"N": "1"}},
    )
    reported: list[UnreadableEvent] = []

    assert read(log, NOW, owner=owner, unreadable=reported.append) == [event]

    assert [error.event_id for error in reported] == [damaged.id]
    with pytest.raises(UnreadableEvent, match=f"event {damaged.id} of the log can't be read"):
        read(log, NOW, owner=owner)


def test_a_repeated_commit_restores_no_handled_outbox_row(
    store: TodoStore, log: EventsTable, dynamodb: DynamoDBClient
) -> None:
    change = TODO.create(Todo("ann", 1, "one"), now=NOW, event_id=uuid7(NOW, 1))
    store.commit(change)
    dynamodb.delete_item(TableName=TABLES["OutboxTable"], Key={"event_id": {"S": change.event.id}})

    store.commit(change)

    assert read(log, NOW) == [stored(change.event)]
    assert not store.is_waiting(change.event.id)
