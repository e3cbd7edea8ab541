"""What a call of the API asks of DynamoDB: the real service, on a client that counts.

Units are by DynamoDB's rules (developer guide: "item sizes", "read and write operations"). Those of
DynamoDB Local agree, but for transactions, for which it tells twice as many.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any, cast

from app.convoy.sdk import FanoutEvent
from app.domain.service import Service
from app.dynamodb.events_table import EventsTable
from app.dynamodb.outbox_table import OutboxTable
from app.dynamodb.store import DynamoStore
from app.outbox.delivery import OutboxDelivery
from app.outbox.metrics import Metrics
from app.outbox.outcomes import Accepted
from app.resources.todo import TODO, Todo
from benchmarks.scale.assumptions import ITEM, LOG_LINE_OVERHEAD, OWNER, PUBLISH_OVERHEAD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.domain.events import Event

    Item = Mapping[str, Mapping[str, Any]]

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
EVENT_ID = "01a20d6d-5a00-7111-8c99-8b099a3e16df"
TODO_ID = 2**52
KEY = "0d0bb3a6-5ba6-44a5-8d06-4e0b7b1d9f5e"
WRITE_BYTES = 1024
READ_BYTES = 4096


@dataclass(slots=True)
class Work:
    """Units by table; `event` is what is published."""

    writes: Counter[str] = field(default_factory=Counter)
    reads: Counter[str] = field(default_factory=Counter)
    sizes: dict[str, int] = field(default_factory=dict)
    event: Event | None = None


class Counting:
    """DynamoDB's client, for what a todo takes: tables of items by key, and units counted."""

    def __init__(self) -> None:
        self.work = Work()
        self._items: dict[tuple[str, str], Item] = {}

    def get_item(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401
        item = self._items.get(_at(asked["TableName"], asked["Key"]))
        self.work.reads[asked["TableName"]] += max(1, ceil(size(item or {}) / READ_BYTES))
        return {"Item": item} if item else {}

    def batch_write_item(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401
        for table, requests in asked["RequestItems"].items():
            for request in requests:
                self._write(table, request["DeleteRequest"]["Key"], None, each=1)
        return {}

    def transact_get_items(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401
        found = []
        for action in asked["TransactItems"]:
            about = action["Get"]
            item = self._items.get(_at(about["TableName"], about["Key"]))
            self.work.reads[about["TableName"]] += 2 * max(1, ceil(size(item or {}) / READ_BYTES))
            found.append({"Item": item} if item else {})
        return {"Responses": found}

    def transact_write_items(self, **asked: Any) -> None:  # noqa: ANN401
        for action in asked["TransactItems"]:
            ((name, about),) = action.items()
            item = about["Item"] if name == "Put" else None
            self._write(about["TableName"], item or about["Key"], item, each=2)

    def _write(self, table: str, key: Item, item: Item | None, *, each: int) -> None:
        at = _at(table, key)
        larger = max(size(self._items.pop(at, {})), size(item or {}))
        self.work.writes[table] += each * max(1, ceil(larger / WRITE_BYTES))
        if item:
            self._items[at] = item
            self.work.sizes[table] = size(item)


def _at(table: str, key: Item) -> tuple[str, str]:
    names = {
        "todos": ("owner", "id"),
        "outbox": ("event_id",),
        "keys": ("owner", "key"),
        "log": ("owner", "event_id"),
    }[table]
    return table, json.dumps([key[name] for name in names])


def size(item: Item) -> int:
    """Bytes: names, text as UTF-8, numbers as pairs of digits (no `00` at the end) and one more."""
    return sum(
        len(name) + _size(kind, value)
        for name, typed in item.items()
        for kind, value in typed.items()
    )


def _size(kind: str, value: str) -> int:
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            digits = value.zfill(len(value) + len(value) % 2)
            return ceil(len(digits.rstrip("0")) / 2) + 1
        case _:
            return 1


def of(call: str, *, item: str = ITEM, key: str | None = None) -> Work:
    """The work of `POST`, `PUT` or `DELETE`, and of the relay that takes out its row later."""
    client = Counting()
    dynamodb = cast("DynamoDBClient", client)
    outbox = OutboxTable(dynamodb, "outbox", settle_after=timedelta(minutes=1))
    service = _service(dynamodb, outbox, client)
    if call == "POST":
        service.create(OWNER, TODO_ID, {"item": item}, key=key)
    else:
        service.create(OWNER, TODO_ID, {"item": item})
        outbox.remove([EVENT_ID])
        client.work = Work()
        if call == "PUT":
            service.update(OWNER, TODO_ID, {"item": item}, key=key)
        else:
            service.delete(OWNER, TODO_ID, key=key)
    outbox.remove([EVENT_ID])
    return client.work


def _service(client: DynamoDBClient, outbox: OutboxTable, counting: Counting) -> Service[Todo]:
    log = EventsTable(client, "log", retention=timedelta(days=30))
    store = DynamoStore(client, TODO, table="todos", keys_table="keys", outbox=outbox, log=log)

    class Publisher:
        def publish(self, event: Event) -> Accepted:
            counting.work.event = event
            return Accepted()

    return Service(
        type=TODO,
        store=store,
        delivery=OutboxDelivery(Publisher(), outbox, lambda: NOW, lambda: 0.0),
        clock=lambda: NOW,
        new_event_id=lambda _: EVENT_ID,
        new_id=lambda: TODO_ID,
        pause=lambda _: None,
    )


def published_bytes() -> int:
    event = of("POST").event
    assert event is not None  # noqa: S101
    body = FanoutEvent(
        owner_id=event.owner,
        event_type=event.type,
        idempotency_key=event.id,
        data=dict(event.data),  # type: ignore[arg-type]
    )
    return len(json.dumps(body.to_dict(), separators=(",", ":"))) + PUBLISH_OVERHEAD


_START = (
    '{"time":"2026-11-24T12:00:00.000Z","type":"platform.start","record":{"requestId":'
    f'"{EVENT_ID}","version":"$LATEST"}}}}'
)
_REPORT = (
    '{"time":"2026-11-24T12:00:00.000Z","type":"platform.report","record":{"requestId":'
    f'"{EVENT_ID}","metrics":{{"durationMs":67.764,"billedDurationMs":68,"memorySizeMB":1024,'
    '"maxMemoryUsedMB":112},"status":"success"}}'
)
PLATFORM = (_START, _REPORT)
"""Lambda's own lines of an invocation, as its developer guide shows them."""


ACCESS = {
    "requestId": "Abc1dE2fIAMEJgQ=",
    "integration.requestId": EVENT_ID,
    "requestTime": "24/Nov/2026:12:00:00 +0000",
    "httpMethod": "POST",
    "status": "201",
    "responseLatency": "75",
    "integration.latency": "73",
    "responseLength": "24",
}


def logged_bytes(access_log: str) -> int:
    """Of an accepted change: Lambda's two lines, the metric's, and the gateway's, values put in."""
    lines = [*PLATFORM]
    Metrics(lines.append, lambda: NOW, "TodoConvoy-prod").record_attempt(
        "accepted", "created", 50.123
    )
    lines.append(re.sub(r"\$context\.([\w.]+)", lambda name: ACCESS.get(name[1], "-"), access_log))
    return sum(len(line) + LOG_LINE_OVERHEAD for line in lines)
