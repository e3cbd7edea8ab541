"""botocore repeats a call whose answer was lost, although the first one was done."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import NOW
from tests.tables import TodoStore, make_outbox
from tests.todo import TODO, Todo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.dynamodb.outbox_table import OutboxTable
    from app.outbox.rows import Row

    Write = Callable[[OutboxTable, Row], bool]

pytestmark = pytest.mark.parametrize("dynamodb", ["moto", "dynamodb_local"], indirect=True)

LATER = NOW + timedelta(hours=1)

WRITES: dict[str, Write] = {
    "postpone": lambda table, row: table.postpone(
        row, now=NOW, due_at=LATER, reason="503", refused=False
    ),
    "park": lambda table, row: table.park(row, now=NOW, reason="400"),
    "redrive": lambda table, row: table.redrive(_parked(table, row), now=LATER),
    "restore": lambda table, row: table.restore(_removed(table, row), now=LATER),
}


@pytest.fixture
def attempts(dynamodb: DynamoDBClient) -> Iterator[list[int]]:
    """botocore's attempts of each put from now on: it repeats the first of a call."""
    made: list[int] = []

    def again(attempts: int, **_: object) -> float | None:
        made.append(attempts)
        return 0 if attempts == 1 else None

    events: Any = dynamodb.meta.events
    events.register_first("needs-retry.dynamodb.PutItem", again)
    yield made
    events.unregister("needs-retry.dynamodb.PutItem", again)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_to_the_outbox_whose_first_answer_was_lost_is_a_success(
    dynamodb: DynamoDBClient, store: TodoStore, attempts: list[int], write: Write
) -> None:
    table = make_outbox(dynamodb)
    store.commit(TODO.create(Todo("ann", 1, "one"), now=NOW, event_id="e1"))

    assert write(table, _row(table))
    assert attempts[-2:] == [1, 2]


def _row(table: OutboxTable) -> Row:
    row = table.get("e1")
    assert row is not None
    return row


def _parked(table: OutboxTable, row: Row) -> Row:
    assert table.park(row, now=NOW, reason="400")
    return _row(table)


def _removed(table: OutboxTable, row: Row) -> Any:
    table.remove([row.event.id])
    return row.event
