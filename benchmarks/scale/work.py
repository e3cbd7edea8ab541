"""What a change asks of DynamoDB: the store's own transaction, in units by DynamoDB's rules.

Those are in the developer guide, "item sizes" and "read and write operations".
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from types import SimpleNamespace
from typing import Any

from app.domain.ports import Claim
from app.dynamodb.events_table import EventsTable
from app.dynamodb.outbox_table import OutboxTable
from app.dynamodb.store import DynamoStore
from app.resources.todo import TODO, Todo
from benchmarks.scale.assumptions import ITEM, OWNER

Json = dict[str, Any]
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
EVENT_ID = "01a20d6d-5a00-7111-8c99-8b099a3e16df"
TODO_ID = 2**52
CLAIM = Claim(OWNER, "0d0bb3a6-5ba6-44a5-8d06-4e0b7b1d9f5e", "f" * 64, NOW)
WRITE_BYTES, READ_BYTES = 1024, 4096


@dataclass(frozen=True, slots=True)
class Work:
    """Units of writing by table, the relay's deletion among them; bytes by table."""

    writes: Counter[str]
    reads: int
    sizes: dict[str, int]


def of(action: str, *, item: str = ITEM, claim: Claim | None = None) -> Work:
    """The work of a creation, or of what comes after it."""
    todo = Todo(OWNER, TODO_ID, item)
    changed: list[Json] = [{}] if action == "update" else []
    change = getattr(TODO, action)(todo, *changed, now=NOW, event_id=EVENT_ID)
    parts, created = _parts(change, claim), _parts(TODO.create(todo, now=NOW, event_id=EVENT_ID))
    sizes, kept = _sizes(parts), _sizes(created)["todos"]
    writes = Counter({"outbox": ceil(sizes["outbox"] / WRITE_BYTES)})
    for part in parts:
        ((kind, about),) = part.items()
        table = about["TableName"]
        # A check is of an item that is not there.
        bytes_ = {"Put": sizes.get(table, 0), "ConditionCheck": 1}.get(kind, kept)
        writes[table] += 2 * ceil(bytes_ / WRITE_BYTES)
    return Work(writes, 0 if action == "create" else ceil(kept / READ_BYTES), sizes)


def _parts(change: Any, claim: Claim | None = None) -> list[Json]:  # noqa: ANN401
    """Of the store's transaction."""
    written: list[Json] = []
    write = lambda **asked: written.extend(asked["TransactItems"])  # noqa: E731
    client: Any = SimpleNamespace(transact_write_items=write)
    outbox = OutboxTable(client, "outbox", settle_after=timedelta(minutes=1))
    log = EventsTable(client, "log", retention=timedelta(days=30))
    store = DynamoStore(client, TODO, table="todos", keys_table="keys", outbox=outbox, log=log)
    store.commit(change, claim)
    return written


def _sizes(parts: list[Json]) -> dict[str, int]:
    puts = (part["Put"] for part in parts if "Put" in part)
    return {put["TableName"]: size(put["Item"]) for put in puts}


def size(item: Json) -> int:
    """Bytes: names, text as UTF-8, numbers as pairs of digits (no `00` at the end) and one more."""

    def held(kind: str, value: Any) -> int:  # noqa: ANN401
        if kind == "N":
            digits = value.zfill(len(value) + len(value) % 2)
            return ceil(len(digits.rstrip("0")) / 2) + 1
        return len(value.encode()) if kind == "S" else 1

    return sum(len(name) + held(*pair) for name, typed in item.items() for pair in typed.items())
