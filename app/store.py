"""DynamoDB: the todos, and the outbox that commits with them."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from random import SystemRandom
from typing import TYPE_CHECKING, Literal, Required, TypedDict, cast

from botocore import exceptions as aws

from app.service import Page, StoreError, StoreUnavailable, VersionClash
from app.todos import Change, Todo, TodoExists

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef

    Item = Mapping[str, AttributeValueTypeDef]

    from app.events import Event

CONFLICT_PAUSES_S = (0.02, 0.05, 0.1, 0.2)
"""Upper bounds, in seconds, of the random pauses between tries of a contended transaction."""

_REFUSED = "ConditionalCheckFailed"

_TRANSIENT = {
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "ThrottlingError",
    "ThrottlingException",
    "TransactionConflict",
    "TransactionConflictException",
    "TransactionInProgressException",
}
"""Error and cancellation codes that waiting mends (API reference of `TransactWriteItems`)."""


class DynamoStore:
    """`client` brings the deadlines: its connect and read timeouts and its retries bound a call."""

    def __init__(
        self,
        client: DynamoDBClient,
        *,
        todos_table: str,
        outbox_table: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._todos = todos_table
        self._outbox = outbox_table
        self._sleep = sleep
        self._random = SystemRandom()

    def get(self, owner: str, todo_id: int) -> Todo | None:
        with _named_errors():
            answer = self._client.get_item(
                TableName=self._todos, Key=_key(owner, todo_id), ConsistentRead=True
            )
        return _todo(answer["Item"]) if "Item" in answer else None

    def page(self, owner: str, *, limit: int, after: int | None) -> Page:
        """Up to `limit` todos in the order of their ids; fewer where they fill DynamoDB's 1 MB."""
        with _named_errors():
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
        more = len(todos) > limit or "LastEvaluatedKey" in answer
        kept = todos[:limit]
        return Page(kept, kept[-1].id if more else None)

    def commit(self, change: Change) -> None:
        """One transaction: the todo, if it is still as the change saw it, and the event's row.

        Raises TodoExists, VersionClash, StoreUnavailable, StoreError.
        """
        items = [self._write(change), self._enqueue(change.event)]
        for pause in (*CONFLICT_PAUSES_S, None):
            reasons = self._transact(items, token=change.event.id)
            codes = {reason["Code"] for reason in reasons} - {"None"}
            if not codes or _committed_before(reasons):
                return
            if _REFUSED in codes:
                raise _refusal(change, reasons[0])
            if not codes <= _TRANSIENT:
                raise StoreError(f"DynamoDB cancelled the transaction: {sorted(codes)}")
            if pause is not None:
                self._sleep(self._random.uniform(0, pause))
        raise StoreUnavailable(f"DynamoDB cancelled the transaction: {sorted(codes)}")

    def ack(self, event_id: str) -> None:
        """Take a delivered event out of the outbox; one that is gone already is no error."""
        try:
            with _named_errors():
                self._client.delete_item(
                    TableName=self._outbox,
                    Key={"event_id": {"S": event_id}},
                    ConditionExpression="attribute_exists(event_id)",
                )
        except self._client.exceptions.ConditionalCheckFailedException:
            return

    def _transact(
        self, items: Sequence[TransactWriteItemTypeDef], *, token: str
    ) -> Sequence[Mapping[str, Any]]:
        """Why the transaction was cancelled, item by item; empty if it was not."""
        try:
            with _named_errors():
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
        }
        return {"Put": {"TableName": self._todos, "Item": item, **_unchanged(change)}}

    def _enqueue(self, event: Event) -> TransactWriteItemTypeDef:
        return {
            "Put": {
                "TableName": self._outbox,
                "Item": {
                    "event_id": {"S": event.id},
                    "owner": {"S": event.owner},
                    "event_type": {"S": event.type},
                    "data": {"S": json.dumps(event.data, separators=(",", ":"))},
                },
                "ConditionExpression": "attribute_not_exists(event_id)",
            }
        }


class _Condition(TypedDict, total=False):
    ConditionExpression: Required[str]
    ExpressionAttributeNames: Required[dict[str, str]]
    ExpressionAttributeValues: dict[str, AttributeValueTypeDef]
    ReturnValuesOnConditionCheckFailure: Literal["ALL_OLD"]


def _unchanged(change: Change) -> _Condition:
    if change.seen is None:
        return {
            "ConditionExpression": "attribute_not_exists(#id)",
            "ExpressionAttributeNames": {"#id": "id"},
        }
    return {
        "ConditionExpression": "#version = :seen",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {":seen": {"N": str(change.seen)}},
        # The loser of a race learns what it lost to without another read.
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def _committed_before(reasons: Sequence[Mapping[str, Any]]) -> bool:
    """The event's own row is there: a first try went through, and its answer was lost."""
    return bool(reasons[1]["Code"] == _REFUSED)


def _refusal(change: Change, reason: Mapping[str, Any]) -> Exception:
    if change.seen is None:
        return TodoExists(change.todo.id)
    return VersionClash(_todo(reason["Item"]) if "Item" in reason else None)


@contextmanager
def _named_errors() -> Iterator[None]:
    """Every failure becomes StoreUnavailable or StoreError; refused conditions pass as they are."""
    try:
        yield
    except aws.ClientError as error:
        code = error.response["Error"]["Code"]
        if code in {"ConditionalCheckFailedException", "TransactionCanceledException"}:
            raise
        transient = (
            code in _TRANSIENT or error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
        )
        failure = StoreUnavailable if transient else StoreError
        raise failure(f"DynamoDB: {error}") from error
    except (aws.ConnectionError, aws.HTTPClientError) as error:
        raise StoreUnavailable(f"DynamoDB did not answer: {error}") from error
    except aws.BotoCoreError as error:
        raise StoreError(f"DynamoDB could not be asked: {error}") from error


def _key(owner: str, todo_id: int) -> dict[str, AttributeValueTypeDef]:
    return {"owner": {"S": owner}, "id": {"N": str(todo_id)}}


def _todo(item: Item) -> Todo:
    return Todo(
        owner=item["owner"]["S"],
        id=int(item["id"]["N"]),
        item=item["item"]["S"],
        completed=item["completed"]["BOOL"],
        version=int(item["version"]["N"]),
    )
