"""The log's rows: put, damaged, and read in pages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.domain.event_ids import first_id, last_id_before, uuid7
from app.domain.events import Event
from tests.support import NOW
from tests.tables import TABLES, make_log

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from app.domain.ports import EventPage
    from app.dynamodb.events_table import EventsTable

MS = timedelta(milliseconds=1)
SECOND = timedelta(seconds=1)
START = NOW.replace(microsecond=0) - timedelta(hours=1)


def event_at(
    at: datetime,
    number: int = 0,
    *,
    owner: str = "ann",
    type: str = "created",  # noqa: A002  # as Event has it
    item: str = "x",
) -> Event:
    event_id = uuid7(at, number)
    return Event(event_id, owner, type, at, {"id": event_id, "item": item})


def put(dynamodb: DynamoDBClient, *events: Event) -> list[Event]:
    for event in events:
        dynamodb.put_item(**make_log(dynamodb).put(event))
    return [*events]


def page(log: EventsTable, owner: str = "ann", **options: Any) -> EventPage:
    asked: dict[str, Any] = {
        "first": first_id(START),
        "last": last_id_before(NOW),
        "types": (),
        "limit": 100,
        "now": NOW,
    }
    return log.page(owner, **asked | options)


def damage(dynamodb: DynamoDBClient, event: Event, name: str = "event_type") -> None:
    dynamodb.update_item(
        TableName=TABLES["EventsTable"],
        Key={"owner": {"S": event.owner}, "event_id": {"S": event.id}},
        UpdateExpression="SET #name = :number",
        ExpressionAttributeNames={"#name": name},
        ExpressionAttributeValues={":number": {"BOOL": True}},
    )


def fill(dynamodb: DynamoDBClient, events: list[Event]) -> None:
    log = make_log(dynamodb)
    for start in range(0, len(events), 25):
        puts: list[Any] = [
            {"PutRequest": {"Item": log.put(event)["Item"]}} for event in events[start : start + 25]
        ]
        left = dynamodb.batch_write_item(RequestItems={TABLES["EventsTable"]: puts})
        assert not left["UnprocessedItems"]
