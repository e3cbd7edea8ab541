"""DynamoDB: the todos, and what commits with them: events and idempotency records."""

from __future__ import annotations

import time
from bisect import bisect_right
from itertools import accumulate
from random import SystemRandom
from typing import TYPE_CHECKING, Literal, Required, TypedDict, cast

from app.dynamo import TRANSIENT, named_errors
from app.service import (
    KEY_LIFE,
    KeyTaken,
    Page,
    Record,
    StoreError,
    StoreUnavailable,
    VersionClash,
)
from app.todos import Change, Todo, TodoExists

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef

    Item = Mapping[str, AttributeValueTypeDef]

    from app.outbox_table import OutboxTable
    from app.service import Claim

MAX_PAGE_CHARACTERS = 800_000
"""Of all items of a page. Lambda answers with up to 6 MB, in which a control character, escaped
here and again by Lambda, takes 7 bytes."""

CONFLICT_PAUSES_S = (0.02, 0.05, 0.1, 0.2)
"""Upper bounds, in seconds, of the random pauses between tries of a contended transaction."""

_REFUSED = "ConditionalCheckFailed"


class DynamoStore:
    """`client` brings the deadlines: its connect and read timeouts and its retries bound a call."""

    def __init__(
        self,
        client: DynamoDBClient,
        *,
        todos_table: str,
        keys_table: str,
        outbox: OutboxTable,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._todos = todos_table
        self._keys = keys_table
        self._outbox = outbox
        self._sleep = sleep
        self._random = SystemRandom()

    def get(self, owner: str, todo_id: int) -> Todo | None:
        with named_errors():
            answer = self._client.get_item(
                TableName=self._todos, Key=_key(owner, todo_id), ConsistentRead=True
            )
        return _todo(answer["Item"]) if "Item" in answer else None

    def page(self, owner: str, *, limit: int, after: int | None) -> Page:
        """Up to `limit` todos in the order of their ids.

        Fewer where they fill DynamoDB's 1 MB, or MAX_PAGE_CHARACTERS.
        """
        with named_errors():
            answer = self._client.query(
                TableName=self._todos,
                KeyConditionExpression="#owner = :owner AND #id > :after",
                ExpressionAttributeNames={"#owner": "owner", "#id": "id"},
                ExpressionAttributeValues={
                    ":owner": {"S": owner},
                    ":after": {"N": str(-1 if after is None else after)},
                },
                Limit=limit + 1,
                ConsistentRead=True,
            )
        todos = [_todo(item) for item in answer["Items"]]
        characters = list(accumulate(len(todo.item) for todo in todos))
        kept = todos[: min(limit, bisect_right(characters, MAX_PAGE_CHARACTERS))]
        more = len(todos) > len(kept) or "LastEvaluatedKey" in answer
        return Page(kept, kept[-1].id if more else None)

    def commit(self, change: Change, claim: Claim | None = None) -> None:
        """One transaction: the todo, if it is still as seen, its event's row, the key's record.

        Raises TodoExists, VersionClash, KeyTaken, StoreUnavailable, StoreError.
        """
        items: list[TransactWriteItemTypeDef] = [
            self._write(change),
            {"Put": self._outbox.put(change.event)},
        ]
        if claim is not None:
            items.append(self._keep(claim, change))
        for pause in (*CONFLICT_PAUSES_S, None):
            reasons = self._transact(items, token=change.event.id)
            codes = {reason["Code"] for reason in reasons} - {"None"}
            if not codes or _committed_before(reasons):
                return
            if _REFUSED in codes:
                raise _refusal(change, reasons)
            if not codes <= TRANSIENT:
                raise StoreError(f"DynamoDB cancelled the transaction: {sorted(codes)}")
            if pause is not None:
                self._sleep(self._random.uniform(0, pause))
        raise StoreUnavailable(f"DynamoDB cancelled the transaction: {sorted(codes)}")

    def record(self, claim: Claim) -> Record | None:
        with named_errors():
            answer = self._client.get_item(
                TableName=self._keys,
                Key={"owner": {"S": claim.owner}, "key": {"S": claim.key}},
                ConsistentRead=True,
            )
        item = answer.get("Item")
        # DynamoDB deletes an expired item when it gets round to it.
        if item is None or int(item["expires_at"]["N"]) <= claim.now.timestamp():
            return None
        return Record(
            fingerprint=item["fingerprint"]["S"],
            todo_id=int(item["todo_id"]["N"]),
            version=int(item["version"]["N"]),
            event_id=item["event_id"]["S"],
        )

    def is_waiting(self, event_id: str) -> bool:
        return self._outbox.get(event_id) is not None

    def _transact(
        self, items: Sequence[TransactWriteItemTypeDef], *, token: str
    ) -> Sequence[Mapping[str, Any]]:
        """Why the transaction was cancelled, item by item; empty if it was not."""
        try:
            with named_errors():
                # The token makes botocore's retry of a lost answer harmless (for ten minutes).
                self._client.transact_write_items(TransactItems=items, ClientRequestToken=token)
        except self._client.exceptions.TransactionCanceledException as error:
            return cast("Sequence[Mapping[str, Any]]", error.response["CancellationReasons"])
        return ()

    def _write(self, change: Change) -> TransactWriteItemTypeDef:
        key = _key(change.todo.owner, change.todo.id)
        if change.deletes:
            return {"Delete": {"TableName": self._todos, "Key": key, **_unchanged(change)}}
        item: Item = {
            **key,
            "item": {"S": change.todo.item},
            "completed": {"BOOL": change.todo.completed},
            "version": {"N": str(change.todo.version)},
            "born": {"S": change.todo.born},
        }
        return {"Put": {"TableName": self._todos, "Item": item, **_unchanged(change)}}

    def _keep(self, claim: Claim, change: Change) -> TransactWriteItemTypeDef:
        return {
            "Put": {
                "TableName": self._keys,
                "Item": {
                    "owner": {"S": claim.owner},
                    "key": {"S": claim.key},
                    "fingerprint": {"S": claim.fingerprint},
                    "todo_id": {"N": str(change.todo.id)},
                    "version": {"N": str(change.todo.version)},
                    "event_id": {"S": change.event.id},
                    "expires_at": {"N": str(int((claim.now + KEY_LIFE).timestamp()))},
                },
                "ConditionExpression": "attribute_not_exists(#key) OR expires_at <= :now",
                "ExpressionAttributeNames": {"#key": "key"},
                "ExpressionAttributeValues": {":now": {"N": str(int(claim.now.timestamp()))}},
            }
        }


class _Condition(TypedDict, total=False):
    ConditionExpression: Required[str]
    ExpressionAttributeNames: Required[dict[str, str]]
    ExpressionAttributeValues: dict[str, AttributeValueTypeDef]
    ReturnValuesOnConditionCheckFailure: Literal["NONE"]  # unused; a ** item must name all its keys


def _unchanged(change: Change) -> _Condition:
    if change.seen is None:
        return {
            "ConditionExpression": "attribute_not_exists(#id)",
            "ExpressionAttributeNames": {"#id": "id"},
        }
    return {
        # Versions start anew where a deleted todo's id is taken again: the version alone would do
        # for a change that was decided on the todo before.
        "ConditionExpression": "#version = :version AND #born = :born",
        "ExpressionAttributeNames": {"#version": "version", "#born": "born"},
        "ExpressionAttributeValues": {
            ":version": {"N": str(change.seen.version)},
            ":born": {"S": change.seen.born},
        },
    }


def _committed_before(reasons: Sequence[Mapping[str, Any]]) -> bool:
    """The event's own row is there: a first try went through, and its answer was lost."""
    return bool(reasons[1]["Code"] == _REFUSED)


def _refusal(change: Change, reasons: Sequence[Mapping[str, Any]]) -> Exception:
    if any(reason["Code"] == _REFUSED for reason in reasons[2:]):
        return KeyTaken()
    return TodoExists(change.todo.id) if change.seen is None else VersionClash()


def _key(owner: str, todo_id: int) -> dict[str, AttributeValueTypeDef]:
    return {"owner": {"S": owner}, "id": {"N": str(todo_id)}}


def _todo(item: Item) -> Todo:
    return Todo(
        owner=item["owner"]["S"],
        id=int(item["id"]["N"]),
        item=item["item"]["S"],
        completed=item["completed"]["BOOL"],
        version=int(item["version"]["N"]),
        born=item["born"]["S"],
    )
