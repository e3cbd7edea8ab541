"""The log: every committed event, until it expires.

An event's row commits with its change. If the answer to a commit is lost, this row proves that the
commit succeeded: every other row of the transaction may be gone by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from app.domain.event_ids import first_id
from app.domain.ports import StoreError
from app.dynamodb import items
from app.dynamodb.errors import translate_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime, timedelta

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        PutTypeDef,
        QueryOutputTypeDef,
        ScanOutputTypeDef,
    )

    from app.domain.events import Event
    from app.dynamodb.items import Item


class UnreadableEvent(StoreError):
    """A row of the log that another version of this code wrote, or that was changed by hand."""

    def __init__(self, event_id: str, problem: Exception) -> None:
        super().__init__(f"event {event_id} of the log can't be read: {problem!r}")
        self.event_id = event_id


def _give_up(error: UnreadableEvent) -> NoReturn:
    raise error


class EventsTable:
    """`retention` is how long an event is kept."""

    def __init__(self, client: DynamoDBClient, table: str, *, retention: timedelta) -> None:
        self._client = client
        self._table = table
        self._retention = retention

    def put(self, event: Event) -> PutTypeDef:
        """The part of a commit's transaction that puts the event in, if it is not there yet."""
        expires_at = int((event.occurred_at + self._retention).timestamp())
        return {
            "TableName": self._table,
            "Item": items.event_item(event) | {"expires_at": {"N": str(expires_at)}},
            "ConditionExpression": "attribute_not_exists(event_id)",
        }

    def since(
        self,
        moment: datetime,
        *,
        now: datetime,
        owner: str | None = None,
        unreadable: Callable[[UnreadableEvent], object] = _give_up,
    ) -> Iterator[list[Event]]:
        """The events since a moment, in pages of up to 1 MB.

        The events of one owner are in order of time. Those of all owners are in no order, and the
        whole log is read. Expired events are left out, even if DynamoDB has not deleted them. An
        event that can't be read goes to `unreadable`, and is in no page. Raises StoreError.
        """
        request: dict[str, Any] = {
            "TableName": self._table,
            "ConsistentRead": True,
            "FilterExpression": "NOT expires_at <= :now",
            "ExpressionAttributeValues": {
                ":first": {"S": first_id(moment)},
                ":now": {"N": str(int(now.timestamp()))},
            },
        }
        if owner is None:
            request["FilterExpression"] += " AND event_id >= :first"
        else:
            request["KeyConditionExpression"] = "#owner = :owner AND event_id >= :first"
            request["ExpressionAttributeNames"] = {"#owner": "owner"}
            request["ExpressionAttributeValues"][":owner"] = {"S": owner}
        while True:
            with translate_errors():
                page = self._read(request)
            yield list(_readable(page["Items"], unreadable))
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _read(self, request: dict[str, Any]) -> ScanOutputTypeDef | QueryOutputTypeDef:
        if "KeyConditionExpression" in request:
            return self._client.query(**request)
        return self._client.scan(**request)


def _readable(
    rows: Iterable[Item], unreadable: Callable[[UnreadableEvent], object]
) -> Iterator[Event]:
    for row in rows:
        try:
            yield items.event_of(row)
        except items.DAMAGE as error:
            unreadable(UnreadableEvent(items.text(row, "event_id"), error))
