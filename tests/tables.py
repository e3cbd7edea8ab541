"""The tables of `infra/tables.yml` in a DynamoDB of the tests, and the code that uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.dynamodb.events_table import EventsTable
from app.dynamodb.outbox_table import OutboxTable
from app.dynamodb.store import DynamoStore
from app.outbox.rows import FAILED
from infra.local import tables
from tests.support import GRACE, RETENTION
from tests.todo import TODO, Todo

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.domain.resource import ResourceType
    from app.outbox.rows import Row

TABLES = tables.names("test-")

TodoStore = DynamoStore[Todo]


def make_outbox(client: DynamoDBClient) -> OutboxTable:
    return OutboxTable(client, TABLES["OutboxTable"], settle_after=GRACE)


def make_log(client: DynamoDBClient) -> EventsTable:
    return EventsTable(client, TABLES["EventsTable"], retention=RETENTION)


def make_store(
    client: DynamoDBClient,
    sleep: Callable[[float], None] = lambda _: None,
    type: ResourceType[Any] = TODO,  # noqa: A002  # as Service has it
) -> DynamoStore[Any]:
    return DynamoStore(
        client,
        type,
        table=TABLES["ResourcesTable"],
        idempotency_table=TABLES["IdempotencyTable"],
        outbox=make_outbox(client),
        log=make_log(client),
        sleep=sleep,
    )


class Outbox:
    """The outbox table, read directly."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client

    def event_ids(self) -> list[str]:
        rows = self._client.scan(TableName=TABLES["OutboxTable"])["Items"]
        return sorted(row["event_id"]["S"] for row in rows)

    def rows(self) -> list[Row]:
        rows = [row for page in make_outbox(self._client).pages() for row in page]
        return sorted(rows, key=lambda row: row.event.id)

    def remove(self, event_id: str) -> None:
        make_outbox(self._client).remove([event_id])

    def redrive_all(self, now: datetime) -> None:
        for row in self.rows():
            if row.state == FAILED:
                assert make_outbox(self._client).redrive(row, now=now)
