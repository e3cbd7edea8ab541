"""The log at the API: filled by changes, read in pages, damaged."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.support import NOW, OWNER, VISIBLE_AFTER
from tests.tables import TABLES

if TYPE_CHECKING:
    from datetime import datetime

    from fastapi import Request
    from mypy_boto3_dynamodb import DynamoDBClient
    from starlette.testclient import TestClient

    from tests.support import JsonObject

SECOND = timedelta(seconds=1)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_time(self, span: timedelta = VISIBLE_AFTER + SECOND) -> None:
        """By default as long as an event takes to be in the list."""
        self.now += span


def owner_of(request: Request) -> str:
    return request.headers.get("owner", OWNER)


def change(api: TestClient, clock: Clock, number: int = 4) -> list[str]:
    """Create, update, delete, create, …, a second apart. Returns the ids of the events."""
    ids = []
    for turn in range(number):
        method, path, body = [
            ("POST", "/todo", {"id": 1, "item": "one"}),
            ("PUT", "/todo/1", {"item": "uno"}),
            ("DELETE", "/todo/1", None),
        ][turn % 3]
        ids.append(api.request(method, path, json=body).headers["webhook-id"])
        clock.pass_time(SECOND)
    return ids


def listed(api: TestClient, **params: str | int | list[str]) -> JsonObject:
    answer = api.get("/events", params=params)
    assert answer.status_code == 200, answer.text
    page: JsonObject = answer.json()
    return page


def ids_of(page: JsonObject) -> list[str]:
    return [payload["id"] for payload in page["data"]]


def damage(dynamodb: DynamoDBClient, event_id: str) -> None:
    dynamodb.update_item(
        TableName=TABLES["EventsTable"],
        Key={"owner": {"S": OWNER}, "event_id": {"S": event_id}},
        UpdateExpression="SET #data = :text",
        ExpressionAttributeNames={"#data": "data"},
        ExpressionAttributeValues={":text": {"S": "a secret"}},
    )
