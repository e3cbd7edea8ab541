"""The outbox's table: the events that Convoy does not have yet, and what became of each try.

    commit ──▶ waiting ──201──▶ gone
                 │  ▲
          refused│  │redrive
        too often▼  │
                failed

A row leaves when Convoy has its event, and for no other reason.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from app.dynamodb import items
from app.dynamodb.errors import named_errors, to_ms
from app.outbox.rows import FAILED, WAITING, WHOLE, Row, Segment, UnreadableRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime, timedelta

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, PutTypeDef, ScanInputTypeDef

    from app.dynamodb.items import Item
    from app.events import Event


def _give_up(error: UnreadableRow) -> NoReturn:
    raise error


class OutboxTable:
    """`grace` is how long a new row is left to the request that wrote it."""

    def __init__(self, client: DynamoDBClient, table: str, *, grace: timedelta) -> None:
        self._client = client
        self._table = table
        self._grace = grace

    def put(self, event: Event) -> PutTypeDef:
        """The part of a commit's transaction that puts the event in."""
        return {
            "TableName": self._table,
            "Item": _item(Row(event, due_at=event.occurred_at + self._grace)),
            "ConditionExpression": "attribute_not_exists(event_id)",
        }

    def ack(self, event_id: str) -> None:
        """Take a delivered event out; one that is gone already is no error. Raises StoreError."""
        try:
            with named_errors():
                self._client.delete_item(
                    TableName=self._table,
                    Key={"event_id": {"S": event_id}},
                    ConditionExpression="attribute_exists(event_id)",
                )
        except self._client.exceptions.ConditionalCheckFailedException:
            return

    def get(self, event_id: str) -> Row | None:
        with named_errors():
            answer = self._client.get_item(
                TableName=self._table, Key={"event_id": {"S": event_id}}, ConsistentRead=True
            )
        return _row(answer["Item"]) if "Item" in answer else None

    def has(self, event_id: str) -> bool:
        """Whether its row is there, be it readable or not."""
        with named_errors():
            answer = self._client.get_item(
                TableName=self._table,
                Key={"event_id": {"S": event_id}},
                ProjectionExpression="event_id",
                ConsistentRead=True,
            )
        return "Item" in answer

    def pages(
        self,
        unreadable: Callable[[UnreadableRow], object] = _give_up,
        segment: Segment = WHOLE,
        after: str | None = None,
    ) -> Iterator[list[Row]]:
        """Every row of a segment, a page of up to 1 MB at a time, in no order. Raises StoreError.

        What can't be read is given to `unreadable`, and is in no page. `after` is the id of a row
        of an earlier reading, there still or not: those that came before it are left out.
        """
        asked: ScanInputTypeDef = {
            "TableName": self._table,
            "ConsistentRead": True,
            "Segment": segment.number - 1,
            "TotalSegments": segment.of,
        }
        if after is not None:
            asked["ExclusiveStartKey"] = {"event_id": {"S": after}}
        with named_errors():
            while True:
                page = self._client.scan(**asked)
                yield list(_readable(page["Items"], unreadable))
                if "LastEvaluatedKey" not in page:
                    return
                asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def postpone(self, row: Row, *, due_at: datetime, reason: str, refused: bool) -> bool:
        """Count a failed try. False: somebody else dealt with the row meanwhile."""
        return self._replace(
            row,
            replace(
                row,
                due_at=due_at,
                reason=reason,
                attempts=row.attempts + 1,
                refusals=row.refusals + refused,
            ),
        )

    def park(self, row: Row, *, reason: str) -> bool:
        """Set aside what Convoy keeps refusing, for an operator. False: as for `postpone`."""
        counted = replace(row, attempts=row.attempts + 1, refusals=row.refusals + 1)
        return self._replace(row, replace(counted, state=FAILED, reason=reason))

    def redrive(self, row: Row, *, now: datetime) -> bool:
        """Let the relay try a row again, as if for the first time. False: as for `postpone`."""
        return self._replace(row, replace(row, state=WAITING, due_at=now, refusals=0))

    def _replace(self, seen: Row, row: Row) -> bool:
        try:
            with named_errors():
                self._client.put_item(
                    TableName=self._table,
                    Item=_item(row),
                    ConditionExpression="attempts = :attempts AND #state = :state",
                    ExpressionAttributeNames={"#state": "state"},
                    ExpressionAttributeValues={
                        ":attempts": {"N": str(seen.attempts)},
                        ":state": {"S": seen.state},
                    },
                )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def _item(row: Row) -> dict[str, AttributeValueTypeDef]:
    return {
        "event_id": {"S": row.event.id},
        "owner": {"S": row.event.owner},
        "event_type": {"S": row.event.type},
        "occurred_at": {"N": to_ms(row.event.occurred_at)},
        "data": {"S": json.dumps(row.event.data, ensure_ascii=False, separators=(",", ":"))},
        "due_at": {"N": to_ms(row.due_at)},
        "state": {"S": row.state},
        "attempts": {"N": str(row.attempts)},
        "refusals": {"N": str(row.refusals)},
        "reason": {"S": row.reason},
    }


def _readable(
    found: Iterable[Item], unreadable: Callable[[UnreadableRow], object]
) -> Iterator[Row]:
    for item in found:
        try:
            yield _row(item)
        except UnreadableRow as error:
            unreadable(error)


def _row(item: Item) -> Row:
    try:
        return _read(item)
    except items.DAMAGE as error:
        raise UnreadableRow(item["event_id"]["S"], error) from error


def _read(item: Item) -> Row:
    event = items.event_of(item)
    state = items.text(item, "state")
    if state not in {WAITING, FAILED}:
        raise ValueError(f"state {state}")
    return Row(
        event=event,
        due_at=items.moment(item, "due_at"),
        state=state,
        attempts=items.number(item, "attempts"),
        refusals=items.number(item, "refusals"),
        reason=items.text(item, "reason"),
    )
