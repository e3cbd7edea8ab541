"""The outbox's table: its promises to requests, the relay and the operator."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import chain
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from app.domain.ports import StoreUnavailable
from app.dynamodb import outbox_table
from app.dynamodb.outbox_table import RETRY_PAUSES_S, OutboxTable
from app.outbox.rows import FAILED, WAITING, Row, Segment, UnreadableRow
from tests.support import GRACE, NOW
from tests.tables import TABLES, TodoStore, make_outbox
from tests.todo import MAX_ITEM_LENGTH, TODO, Todo

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from app.domain.events import Event

pytestmark = pytest.mark.parametrize("dynamodb", ["moto", "dynamodb_local"], indirect=True)

NOW_MS = NOW.replace(microsecond=123_000)
LATER = NOW_MS + timedelta(hours=1)
LONGEST = "\x01" * MAX_ITEM_LENGTH
"""The largest todo: six bytes for each character in its event's JSON."""
PAGEFUL = 20
"""More rows of the largest todo than a page holds."""


@pytest.fixture
def table(dynamodb: DynamoDBClient) -> OutboxTable:
    return make_outbox(dynamodb)


def commit(store: TodoStore, todo_id: int = 1, item: str = "one") -> Event:
    change = TODO.create(Todo("ann", todo_id, item), now=NOW, event_id=f"e{todo_id}")
    store.commit(change)
    return change.event


@pytest.fixture
def row(store: TodoStore, table: OutboxTable) -> Row:
    """The row of a commit, as the relay reads it."""
    commit(store)
    return the_row(table)


def the_row(table: OutboxTable, event_id: str = "e1") -> Row:
    row = table.get(event_id)
    assert row is not None
    return row


def scanned(table: OutboxTable) -> list[Row]:
    return [row for page in table.pages() for row in page]


def test_a_commit_leaves_a_row_that_is_due_after_the_grace(
    store: TodoStore, table: OutboxTable
) -> None:
    event = commit(store)

    assert the_row(table) == Row(replace(event, occurred_at=NOW_MS), NOW_MS + GRACE)
    assert the_row(table).state == WAITING


@pytest.mark.parametrize(
    "item", ["Grüße, 中文, שלום, 𝄞", 'a"b\\c\n\x00\u2028', "", LONGEST, "𝄞" * MAX_ITEM_LENGTH]
)
def test_a_row_survives_to_the_last_character(
    store: TodoStore, table: OutboxTable, item: str
) -> None:
    event = commit(store, item=item)

    assert the_row(table).event.data == event.data


@pytest.mark.parametrize(("character", "size"), [("x", 1), ("ü", 2), ("𝄞", 4), ("\x01", 6)])
def test_a_character_takes_its_utf_8_bytes_or_six_if_escaped(
    table: OutboxTable, character: str, size: int
) -> None:
    def bytes_of(item: str) -> int:
        change = TODO.create(Todo("ann", 1, item), now=NOW, event_id="e1")
        row: Any = table.put(change.event)["Item"]
        return len(row["data"]["S"].encode())

    assert bytes_of(character * 100) - bytes_of("") == 100 * size


def test_an_event_without_a_row_is_none(table: OutboxTable) -> None:
    assert table.get("e1") is None
    assert scanned(table) == []


def test_every_row_is_found_over_more_than_one_page(store: TodoStore, table: OutboxTable) -> None:
    for todo_id in range(PAGEFUL):
        commit(store, todo_id, LONGEST)

    pages = list(table.pages())

    assert len(pages) > 1
    assert sorted(row.event.id for page in pages for row in page) == sorted(
        f"e{todo_id}" for todo_id in range(PAGEFUL)
    )


def test_the_first_page_is_short_so_that_publishing_begins_soon(
    store: TodoStore, table: OutboxTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_table, "FIRST_ROWS", 2)
    monkeypatch.setattr(outbox_table, "PAGE_ROWS", 3)
    for todo_id in range(6):
        commit(store, todo_id)

    assert [len(page) for page in table.pages()] == [2, 3, 1]


def test_reading_continues_after_a_row_even_if_it_is_gone(
    store: TodoStore, table: OutboxTable
) -> None:
    for todo_id in range(12):
        commit(store, todo_id)
    rows = scanned(table)

    (left,) = table.pages(after=rows[4].event.id)
    assert left == rows[5:]
    table.remove([rows[4].event.id])
    assert list(table.pages(after=rows[4].event.id)) == [rows[5:]]


def test_an_unreadable_row_is_reported_by_id_and_hides_no_other(
    store: TodoStore, table: OutboxTable, dynamodb: DynamoDBClient
) -> None:
    commit(store, 1)
    damaged = the_row(table)
    commit(store, 2)
    dynamodb.update_item(
        TableName=TABLES["OutboxTable"],
        Key={"event_id": {"S": damaged.event.id}},
        UpdateExpression="SET #data = :data",
        ExpressionAttributeNames={"#data": "data"},
        ExpressionAttributeValues={":data": {"S": "{"}},
    )
    reported: list[UnreadableRow] = []

    assert [row.event.id for page in table.pages(reported.append) for row in page] == ["e2"]

    assert [error.event_id for error in reported] == ["e1"]
    with pytest.raises(UnreadableRow, match="outbox row e1 can't be read: JSONDecodeError"):
        scanned(table)
    with pytest.raises(UnreadableRow, match="outbox row e1"):
        table.get("e1")


def test_rows_that_leave_between_two_pages_hide_no_other(
    store: TodoStore, table: OutboxTable
) -> None:
    for todo_id in range(PAGEFUL):
        commit(store, todo_id, LONGEST)

    seen = []
    for page in table.pages():
        for row in page:
            seen.append(row.event.id)
            table.remove([row.event.id])

    assert sorted(seen) == sorted(f"e{todo_id}" for todo_id in range(PAGEFUL))
    assert scanned(table) == []


def test_only_handled_rows_are_deleted_25_at_a_time(store: TodoStore, table: OutboxTable) -> None:
    for todo_id in range(1, 27):
        commit(store, todo_id)

    table.remove([f"e{todo_id}" for todo_id in range(1, 26)])

    assert [row.event.id for row in scanned(table)] == ["e26"]


def test_deleting_a_missing_row_does_no_harm(table: OutboxTable, row: Row) -> None:
    table.remove(["e1"])
    table.remove(["e1", "never-there"])

    assert scanned(table) == []


@pytest.mark.parametrize(("throttled", "pauses"), [(1, 1), (3, 3), (4, 3)])
def test_unprocessed_items_of_a_batch_are_sent_again(
    dynamodb: DynamoDBClient, store: TodoStore, throttled: int, pauses: int
) -> None:
    commit(store, 1)
    commit(store, 2)
    slept: list[float] = []
    table = OutboxTable(dynamodb, TABLES["OutboxTable"], settle_after=GRACE, sleep=slept.append)
    asked: list[Any] = []

    def batch_write_item(RequestItems: Any) -> Any:  # noqa: N803
        asked.append(RequestItems)
        if len(asked) <= throttled:
            return {"UnprocessedItems": {name: each[-1:] for name, each in RequestItems.items()}}
        return dynamodb.batch_write_item(RequestItems=RequestItems)

    table._client = SimpleNamespace(batch_write_item=batch_write_item)  # type: ignore[assignment]
    if throttled > len(RETRY_PAUSES_S):
        with pytest.raises(StoreUnavailable, match="did not delete 1 rows"):
            table.remove(["e1", "e2"])
    else:
        table.remove(["e1", "e2"])
    assert slept == list(RETRY_PAUSES_S[:pauses])
    assert [len(each[TABLES["OutboxTable"]]) for each in asked] == [2] + [1] * pauses


def test_an_event_of_the_log_is_put_back_due_at_once(table: OutboxTable, row: Row) -> None:
    table.remove(["e1"])

    assert table.restore(row.event, now=LATER)
    assert the_row(table) == Row(row.event, due_at=LATER, maybe_accepted=False)


def test_an_existing_row_is_not_overwritten(table: OutboxTable, row: Row) -> None:
    assert not table.restore(row.event, now=LATER)
    assert the_row(table) == row


def test_a_row_keeps_its_number_of_burnt_keys(table: OutboxTable, row: Row) -> None:
    under_another = replace(row, burnt=1)
    assert table.postpone(under_another, now=NOW_MS, due_at=LATER, reason="", refused=False)

    kept = the_row(table)
    assert (kept.burnt, kept.key, row.key) == (1, f"{row.event.id}.2", row.event.id)


@pytest.mark.parametrize("refused", [False, True])
def test_a_postponed_row_has_time_reason_and_attempts(
    table: OutboxTable, row: Row, refused: bool
) -> None:
    assert table.postpone(row, now=NOW_MS, due_at=LATER, reason="500: größer", refused=refused)
    once = the_row(table)
    assert table.postpone(once, now=LATER, due_at=LATER, reason="503", refused=False)

    expected = replace(row, due_at=LATER, attempts=1, refusals=int(refused), tried_at=NOW_MS)
    assert once == replace(expected, reason="500: größer")
    assert the_row(table) == replace(expected, attempts=2, reason="503", tried_at=LATER)


def test_if_two_relays_postpone_one_row_the_first_counts(table: OutboxTable, row: Row) -> None:
    assert table.postpone(row, now=NOW_MS, due_at=LATER, reason="first", refused=True)
    assert not table.postpone(row, now=NOW_MS, due_at=NOW_MS, reason="second", refused=True)

    now = the_row(table)
    assert (now.reason, now.attempts, now.refusals, now.due_at) == ("first", 1, 1, LATER)


def test_a_row_that_another_relay_postponed_is_not_parked(table: OutboxTable, row: Row) -> None:
    table.postpone(row, now=NOW_MS, due_at=LATER, reason="first", refused=False)

    assert not table.park(row, now=NOW_MS, reason="second")
    assert the_row(table).state == WAITING


def test_no_write_brings_a_deleted_row_back(table: OutboxTable, row: Row) -> None:
    table.remove(["e1"])

    assert not table.postpone(row, now=NOW_MS, due_at=LATER, reason="late", refused=False)
    assert not table.park(row, now=NOW_MS, reason="late")
    assert not table.redrive(row, now=NOW_MS)
    assert scanned(table) == []


def test_a_parked_row_keeps_its_event_and_has_the_reason(table: OutboxTable, row: Row) -> None:
    assert table.park(row, now=NOW_MS, reason="400: no")

    tried = replace(row, attempts=1, refusals=1, tried_at=NOW_MS)
    assert the_row(table) == replace(tried, state=FAILED, reason="400: no")


def test_a_redriven_row_waits_again_without_refusals(table: OutboxTable, row: Row) -> None:
    table.park(row, now=NOW_MS, reason="400: no")
    parked = the_row(table)

    assert table.redrive(parked, now=LATER)
    assert the_row(table) == replace(parked, state=WAITING, due_at=LATER, refusals=0)


def test_a_row_is_redriven_once(table: OutboxTable, row: Row) -> None:
    table.park(row, now=NOW_MS, reason="400: no")
    parked = the_row(table)

    assert table.redrive(parked, now=NOW_MS)
    assert not table.redrive(parked, now=LATER)
    assert the_row(table).due_at == NOW_MS


def test_a_redrive_is_not_undone_by_a_relay_that_saw_the_row_before(
    table: OutboxTable, row: Row
) -> None:
    table.park(row, now=NOW_MS, reason="400: no")
    table.redrive(the_row(table), now=LATER)

    assert not table.park(row, now=NOW_MS, reason="late")
    assert the_row(table).state == WAITING


def test_segments_together_have_each_row_once(store: TodoStore, table: OutboxTable) -> None:
    for todo_id in range(1, 41):
        commit(store, todo_id)

    parts = [
        [row.event.id for page in table.pages(segment=Segment(number, 3)) for row in page]
        for number in (1, 2, 3)
    ]

    assert sorted(chain(*parts)) == sorted(f"e{todo_id}" for todo_id in range(1, 41))
    assert all(len(part) < 40 for part in parts)
