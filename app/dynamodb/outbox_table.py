"""The outbox's table: the events that Convoy is not known to have handled (app/outbox/rows.py)."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn, cast

from app.domain.ports import StoreUnavailable
from app.dynamodb import items
from app.dynamodb.errors import to_ms, translated_errors
from app.outbox.rows import FAILED, WAITING, WHOLE, Row, Segment, UnreadableRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime, timedelta

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        PutTypeDef,
        ScanInputTypeDef,
        WriteRequestTypeDef,
    )

    from app.domain.events import Event
    from app.dynamodb.items import Item

FIRST_ROWS, PAGE_ROWS = 500, 4_000
"""The most rows of the first page, which the relay waits for, and of another one: with fewer it has
1 MB. Without a limit DynamoDB Local reads the whole table for each page."""

RETRY_PAUSES_S = (0.05, 0.2, 0.8)
"""Seconds before the throttled part of a batch is sent again."""


def _give_up(error: UnreadableRow) -> NoReturn:
    raise error


class OutboxTable:
    """`settle_after`: how long a new row is left to its request, and to Convoy's workers."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        *,
        settle_after: timedelta,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._table = table
        self._settle_after = settle_after
        self._sleep = sleep

    def put(self, event: Event) -> PutTypeDef:
        """The part of a commit's transaction that puts the event in."""
        return {
            "TableName": self._table,
            "Item": {
                **items.event_item(event),
                "due_at": {"N": to_ms(event.occurred_at + self._settle_after)},
                **_UNTRIED,
            },
            "ConditionExpression": "attribute_not_exists(event_id)",
        }

    def restore(self, event: Event, *, now: datetime) -> bool:
        """Put an event of the log in, due now. False: it has a row already. Raises StoreError."""
        row = Row(event, due_at=now, maybe_accepted=False)
        return self._put(row, ConditionExpression="attribute_not_exists(event_id)")

    def remove(self, event_ids: Sequence[str]) -> None:
        """Delete the rows of handled events, at most 25. A missing row is no error.

        Raises StoreError if some of the rows are still there.
        """
        left: dict[str, list[WriteRequestTypeDef]] = {
            self._table: [{"DeleteRequest": {"Key": _key(event_id)}} for event_id in event_ids]
        }
        for pause in (*RETRY_PAUSES_S, None):
            with translated_errors:
                answer = self._client.batch_write_item(RequestItems=left)
            left = cast("dict[str, list[WriteRequestTypeDef]]", answer.get("UnprocessedItems"))
            if not left:
                return
            if pause is not None:
                self._sleep(pause)
        raise StoreUnavailable(
            f"DynamoDB throttled, and did not delete {len(left[self._table])} rows."
        )

    def get(self, event_id: str) -> Row | None:
        with translated_errors:
            answer = self._client.get_item(
                TableName=self._table, Key=_key(event_id), ConsistentRead=True
            )
        return _row(answer["Item"]) if "Item" in answer else None

    def has(self, event_id: str) -> bool:
        """Whether the event has a row, readable or not."""
        with translated_errors:
            answer = self._client.get_item(
                TableName=self._table,
                Key=_key(event_id),
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
        """Every row of a segment, in pages of up to 1 MB, in no order. Raises StoreError.

        A row that can't be read goes to `unreadable`, and is in no page. `after` is the id of a row
        of an earlier read, which may be gone by now: reading goes on after it.
        """
        request: ScanInputTypeDef = {
            "TableName": self._table,
            "ConsistentRead": True,
            "Segment": segment.number - 1,
            "TotalSegments": segment.of,
            "Limit": FIRST_ROWS,
        }
        if after is not None:
            request["ExclusiveStartKey"] = {"event_id": {"S": after}}
        with translated_errors:
            while True:
                page = self._client.scan(**request)
                yield list(_readable(page["Items"], unreadable))
                if "LastEvaluatedKey" not in page:
                    return
                request |= {"ExclusiveStartKey": page["LastEvaluatedKey"], "Limit": PAGE_ROWS}

    def postpone(
        self, row: Row, *, now: datetime, due_at: datetime, reason: str, refused: bool
    ) -> bool:
        """Record an attempt. False: another process changed or deleted the row meanwhile."""
        after = replace(
            row,
            due_at=due_at,
            reason=reason,
            attempts=row.attempts + 1,
            refusals=row.refusals + refused,
            tried_at=now,
        )
        return self._replace(row, after)

    def park(self, row: Row, *, now: datetime, reason: str) -> bool:
        """Mark a row that Convoy keeps refusing as failed. False: as for `postpone`."""
        counted = replace(row, attempts=row.attempts + 1, refusals=row.refusals + 1, tried_at=now)
        return self._replace(row, replace(counted, state=FAILED, reason=reason))

    def redrive(self, row: Row, *, now: datetime) -> bool:
        """Let the relay try a row again, as if for the first time. False: as for `postpone`."""
        return self._replace(row, replace(row, state=WAITING, due_at=now, refusals=0))

    def _replace(self, seen: Row, row: Row) -> bool:
        return self._put(
            row,
            ConditionExpression="attempts = :attempts AND #state = :state",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={
                ":attempts": {"N": str(seen.attempts)},
                ":state": {"S": seen.state},
            },
        )

    def _put(self, row: Row, **condition: Any) -> bool:  # noqa: ANN401  # parts of a `PutItem`
        """False if the condition did not hold. Raises StoreError.

        botocore repeats a call without an answer, which may have been done: the row is there then.
        """
        item = _item(row)
        try:
            with translated_errors:
                self._client.put_item(
                    TableName=self._table,
                    Item=item,
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **condition,
                )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            return error.response.get("Item") == item
        return True


def _key(event_id: str) -> dict[str, AttributeValueTypeDef]:
    return {"event_id": {"S": event_id}}


_UNTRIED: Item = {
    "state": {"S": WAITING},
    "attempts": {"N": "0"},
    "refusals": {"N": "0"},
    "reason": {"S": ""},
}
"""The part of a new row that is the same for all: `_item` takes a request 4 microseconds more."""


def _item(row: Row) -> dict[str, AttributeValueTypeDef]:
    return {
        **items.event_item(row.event),
        "due_at": {"N": to_ms(row.due_at)},
        "state": {"S": row.state},
        "attempts": {"N": str(row.attempts)},
        "refusals": {"N": str(row.refusals)},
        "reason": {"S": row.reason},
        **({"tried_at": {"N": to_ms(row.tried_at)}} if row.tried_at else {}),
        **({} if row.maybe_accepted else {"not_accepted": {"BOOL": True}}),
        **({"replays": {"N": str(row.replays)}} if row.replays else {}),
        **({"burnt": {"N": str(row.burnt)}} if row.burnt else {}),
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
        tried_at=items.moment(item, "tried_at") if "tried_at" in item else None,
        maybe_accepted="not_accepted" not in item,
        replays=items.number(item, "replays") if "replays" in item else 0,
        burnt=items.number(item, "burnt") if "burnt" in item else 0,
    )
