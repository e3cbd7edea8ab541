"""The DynamoDB units of a change, from the store's own transaction.

The rules are in the developer guide, "item sizes" and "read and write operations".
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from types import SimpleNamespace
from typing import Any

from app.domain.idempotency import Claim
from app.dynamodb.events_table import EventsTable
from app.dynamodb.outbox_table import OutboxTable
from app.dynamodb.store import DynamoStore
from benchmarks.scale.assumptions import ITEM, OWNER
from tests.todo import TODO, Todo

JsonObject = dict[str, Any]
Write = tuple[str, str, JsonObject | None]  # operation, table, item of a `Put`
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
EVENT_ID = "01a20d6d-5a00-7111-8c99-8b099a3e16df"
TODO_ID = 2**52
CLAIM = Claim(OWNER, "0d0bb3a6-5ba6-44a5-8d06-4e0b7b1d9f5e", "f" * 64, NOW)
WRITE_BYTES, READ_BYTES = 1024, 4096


@dataclass(frozen=True, slots=True)
class Work:
    """Write units by table, the relay's deletion included; read units; an item's bytes by table."""

    writes: Counter[str]
    reads: int
    sizes: dict[str, int]


def work_of(action: str, *, item: str = ITEM, claim: Claim | None = None) -> Work:
    """The work of a creation, an update or a deletion."""
    todo = Todo(OWNER, TODO_ID, item)
    changed: list[JsonObject] = [{}] if action == "update" else []
    change = getattr(TODO, action)(todo, *changed, now=NOW, event_id=EVENT_ID)
    created = _writes(TODO.create(todo, now=NOW, event_id=EVENT_ID))
    written = _writes(change, claim)
    sizes, todo_bytes = _sizes(written), _sizes(created)["resources"]
    writes = Counter({"outbox": ceil(sizes["outbox"] / WRITE_BYTES)})
    for operation, table, _ in written:
        # The item that is checked does not exist: it counts as the smallest.
        bytes_ = {"Put": sizes.get(table, 0), "ConditionCheck": 1}.get(operation, todo_bytes)
        writes[table] += 2 * ceil(bytes_ / WRITE_BYTES)
    return Work(writes, 0 if action == "create" else ceil(todo_bytes / READ_BYTES), sizes)


def _writes(change: Any, claim: Claim | None = None) -> list[Write]:  # noqa: ANN401
    """The writes of the store's transaction."""
    items: list[JsonObject] = []
    write = lambda **asked: items.extend(asked["TransactItems"])  # noqa: E731
    client: Any = SimpleNamespace(transact_write_items=write)
    store = DynamoStore(
        client,
        TODO,
        table="resources",
        idempotency_table="keys",
        outbox=OutboxTable(client, "outbox", settle_after=timedelta(minutes=1)),
        log=EventsTable(client, "log", retention=timedelta(days=30)),
    )
    store.commit(change, claim)
    pairs = [pair for item in items for pair in item.items()]
    return [(operation, about["TableName"], about.get("Item")) for operation, about in pairs]


def _sizes(writes: list[Write]) -> dict[str, int]:
    return {table: size(item) for _, table, item in writes if item}


def size(item: JsonObject) -> int:
    """Bytes: names and text in UTF-8; a number has one, and one for each two digits.

    Pairs of zeros at a number's end take none.
    """

    def bytes_of(kind: str, value: Any) -> int:  # noqa: ANN401
        if kind == "N":
            digits = value.zfill(len(value) + len(value) % 2)
            return ceil(len(digits.rstrip("0")) / 2) + 1
        return len(value.encode()) if kind == "S" else 1

    return sum(len(name) + bytes_of(*pair) for name in item for pair in item[name].items())
