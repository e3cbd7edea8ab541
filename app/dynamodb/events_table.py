"""The log: every committed event, until it expires.

An event's row commits with its change. If the answer to a commit is lost, this row proves that the
commit succeeded: every other row of the transaction may be gone by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from app.domain.event_ids import first_id
from app.domain.ports import EventPage, UnreadableEvent
from app.dynamodb import items
from app.dynamodb.errors import translated_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from datetime import datetime, timedelta

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        PutTypeDef,
        QueryOutputTypeDef,
        ScanOutputTypeDef,
    )

    from app.domain.events import Event
    from app.dynamodb.items import Item


EXAMINED = 10
"""Rows that one request reads for each event of a page, if it asks for some types only. DynamoDB
charges for the rows that it leaves out, and reads at most 1 MB of them."""


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
        request = self._request(now, {":first": {"S": first_id(moment)}})
        if owner is None:
            request["FilterExpression"] += " AND event_id >= :first"
        else:
            _add_owner(request, owner, "event_id >= :first")
        while True:
            with translated_errors:
                page = self._read(request)
            yield list(_readable(page["Items"], unreadable))
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def page(
        self,
        owner: str,
        *,
        first: str,
        last: str,
        types: Collection[str],
        limit: int,
        now: datetime,
    ) -> EventPage:
        """As ReadableLog has it. One `Query`: a page costs the same however long the log is."""
        request = self._request(now, {":first": {"S": first}, ":last": {"S": last}})
        _add_owner(request, owner, "event_id BETWEEN :first AND :last")
        request["Limit"] = limit + 1
        if types:
            _add_types(request, types)
            request["Limit"] = limit * EXAMINED
        with translated_errors:
            answer = self._client.query(**request)
        found = answer["Items"]
        kept = items.page_of(found, limit)
        events = _readable_before_a_damaged_one(kept)
        if len(events) < len(found):
            return EventPage(events, events[-1].id)
        end = answer.get("LastEvaluatedKey")
        return EventPage(events, items.text(end, "event_id") if end else None)

    def get(self, owner: str, event_id: str, *, now: datetime) -> Event | None:
        key: Item = {"owner": {"S": owner}, "event_id": {"S": event_id}}
        with translated_errors:
            answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        row = answer.get("Item")
        if row is None or _has_expired(row, now):
            return None
        return _event(row)

    def _request(self, now: datetime, values: Item) -> dict[str, Any]:
        """A read that leaves out what has expired. A row without a time of expiry is kept."""
        return {
            "TableName": self._table,
            "ConsistentRead": True,
            "FilterExpression": "NOT expires_at <= :now",
            "ExpressionAttributeValues": {":now": {"N": str(int(now.timestamp()))}, **values},
        }

    def _read(self, request: dict[str, Any]) -> ScanOutputTypeDef | QueryOutputTypeDef:
        if "KeyConditionExpression" in request:
            return self._client.query(**request)
        return self._client.scan(**request)


def _add_owner(request: dict[str, Any], owner: str, ids: str) -> None:
    request["KeyConditionExpression"] = f"#owner = :owner AND {ids}"
    request["ExpressionAttributeNames"] = {"#owner": "owner"}
    request["ExpressionAttributeValues"][":owner"] = {"S": owner}


def _add_types(request: dict[str, Any], types: Collection[str]) -> None:
    """A row whose type can't be read is not left out: it is reported, as without a filter."""
    values = {f":type{number}": {"S": name} for number, name in enumerate(types)}
    request["FilterExpression"] += (
        f" AND (event_type IN ({', '.join(values)}) OR NOT attribute_type(event_type, :text))"
    )
    request["ExpressionAttributeValues"] |= {**values, ":text": {"S": "S"}}


def _has_expired(row: Item, now: datetime) -> bool:
    try:
        return items.number(row, "expires_at") <= now.timestamp()
    except items.DAMAGE:
        return False


def _event(row: Item) -> Event:
    try:
        return items.event_of(row)
    except items.DAMAGE as error:
        raise UnreadableEvent(items.text(row, "event_id"), error) from error


def _readable(
    rows: Iterable[Item], unreadable: Callable[[UnreadableEvent], object]
) -> Iterator[Event]:
    for row in rows:
        try:
            yield _event(row)
        except UnreadableEvent as error:
            unreadable(error)


def _readable_before_a_damaged_one(rows: Iterable[Item]) -> list[Event]:
    """Raises UnreadableEvent if the first row can't be read."""
    events: list[Event] = []
    for row in rows:
        try:
            events.append(_event(row))
        except UnreadableEvent:
            if not events:
                raise
            break
    return events
