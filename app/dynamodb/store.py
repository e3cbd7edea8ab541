"""DynamoDB: a kind of resource, and what commits with it: events and idempotency records."""

from __future__ import annotations

import time
from bisect import bisect_right
from dataclasses import MISSING
from itertools import accumulate
from random import SystemRandom
from typing import TYPE_CHECKING, Generic, Literal, Required, TypedDict, cast

from app.changes import Change, Exists, Kind, R
from app.dynamodb.errors import TRANSIENT, named_errors
from app.ports import KEY_LIFE, KeyTaken, Page, Record, StoreError, StoreUnavailable, VersionClash

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef

    Item = Mapping[str, AttributeValueTypeDef]

    from app.dynamodb.events_table import EventsTable
    from app.dynamodb.outbox_table import OutboxTable
    from app.ports import Claim

MAX_PAGE_CHARACTERS = 800_000
"""Of all text of a page. Lambda answers with up to 6 MB, in which a control character, escaped
here and again by Lambda, takes 7 bytes."""

CONFLICT_PAUSES_S = (0.02, 0.05, 0.1, 0.2)
"""Upper bounds, in seconds, of the random pauses between tries of a contended transaction."""

_COMPARED = {"version", "born"}
_REFUSED = "ConditionalCheckFailed"
_TYPES = {str: "S", bool: "BOOL"}


class DynamoStore(Generic[R]):
    """`client` brings the deadlines: its connect and read timeouts and its retries bound a call.

    A field of the resource is an attribute of its name; a row that lacks one has its default. But
    `version` and `born` have to be there: a change compares with them.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        kind: Kind[R],
        *,
        table: str,
        keys_table: str,
        outbox: OutboxTable,
        log: EventsTable,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._kind = kind
        fields = kind.new.__dataclass_fields__
        self._fields = tuple(fields)
        self._needed = {name for name in fields if fields[name].default is MISSING} | _COMPARED
        self._table = table
        self._keys = keys_table
        self._outbox = outbox
        self._log = log
        self._sleep = sleep
        self._random = SystemRandom()

    def get(self, owner: str, resource_id: int) -> R | None:
        with named_errors():
            answer = self._client.get_item(
                TableName=self._table, Key=_key(owner, resource_id), ConsistentRead=True
            )
        return self._state(answer["Item"]) if "Item" in answer else None

    def page(self, owner: str, *, limit: int, after: int | None) -> Page[R]:
        """Up to `limit` in the order of their ids.

        Fewer where they fill DynamoDB's 1 MB, or MAX_PAGE_CHARACTERS.
        """
        with named_errors():
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="#owner = :owner AND #id > :after",
                ExpressionAttributeNames={"#owner": "owner", "#id": "id"},
                ExpressionAttributeValues={
                    ":owner": {"S": owner},
                    ":after": {"N": str(-1 if after is None else after)},
                },
                Limit=limit + 1,
                ConsistentRead=True,
            )
        found = answer["Items"]
        characters = list(accumulate(map(_characters, found)))
        kept = found[: min(limit, bisect_right(characters, MAX_PAGE_CHARACTERS))]
        more = len(found) > len(kept) or "LastEvaluatedKey" in answer
        page = [self._state(item) for item in kept]
        return Page(page, page[-1].id if more else None)

    def commit(self, change: Change[R], claim: Claim | None = None) -> None:
        """One transaction: the resource, if it is still as seen, its event twice, in the outbox
        and in the log, and the key's record.

        Raises Exists, VersionClash, KeyTaken, StoreUnavailable, StoreError.
        """
        items: list[TransactWriteItemTypeDef] = [
            self._write(change),
            {"Put": self._outbox.put(change.event)},
            {"Put": self._log.put(change.event)},
        ]
        if claim is not None:
            items.append(self._keep(claim, change))
        for pause in (*CONFLICT_PAUSES_S, None):
            reasons = self._transact(items, token=change.event.id)
            codes = {reason["Code"] for reason in reasons} - {"None"}
            if not codes or _committed_before(reasons):
                return
            if _REFUSED in codes:
                raise self._refusal(change, reasons)
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
            id=int(item["id"]["N"]),
            version=int(item["version"]["N"]),
            event_id=item["event_id"]["S"],
        )

    def is_waiting(self, event_id: str) -> bool:
        return self._outbox.has(event_id)

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

    def _write(self, change: Change[R]) -> TransactWriteItemTypeDef:
        key = _key(change.state.owner, change.state.id)
        if change.deletes:
            return {"Delete": {"TableName": self._table, "Key": key, **_unchanged(change)}}
        item = {name: _attribute(getattr(change.state, name)) for name in self._fields}
        return {"Put": {"TableName": self._table, "Item": item, **_unchanged(change)}}

    def _keep(self, claim: Claim, change: Change[R]) -> TransactWriteItemTypeDef:
        return {
            "Put": {
                "TableName": self._keys,
                "Item": {
                    "owner": {"S": claim.owner},
                    "key": {"S": claim.key},
                    "fingerprint": {"S": claim.fingerprint},
                    "id": {"N": str(change.state.id)},
                    "version": {"N": str(change.state.version)},
                    "event_id": {"S": change.event.id},
                    "expires_at": {"N": str(int((claim.now + KEY_LIFE).timestamp()))},
                },
                "ConditionExpression": "attribute_not_exists(#key) OR expires_at <= :now",
                "ExpressionAttributeNames": {"#key": "key"},
                "ExpressionAttributeValues": {":now": {"N": str(int(claim.now.timestamp()))}},
            }
        }

    def _refusal(self, change: Change[R], reasons: Sequence[Mapping[str, Any]]) -> Exception:
        if any(reason["Code"] == _REFUSED for reason in reasons[3:]):
            return KeyTaken()
        return Exists(self._kind.name, change.state.id) if change.seen is None else VersionClash()

    def _state(self, item: Item) -> R:
        if not self._needed <= item.keys():
            row = f"{self._kind.name} {item['id']['N']} of {item['owner']['S']}"
            raise StoreError(f"{row} can't be read: no {sorted(self._needed - item.keys())}")
        values = {name: _value(item[name]) for name in self._fields if name in item}
        return self._kind.new(**values)


class _Condition(TypedDict, total=False):
    ConditionExpression: Required[str]
    ExpressionAttributeNames: Required[dict[str, str]]
    ExpressionAttributeValues: dict[str, AttributeValueTypeDef]
    ReturnValuesOnConditionCheckFailure: Literal["NONE"]  # unused; a ** item must name all its keys


def _unchanged(change: Change[R]) -> _Condition:
    if change.seen is None:
        return {
            "ConditionExpression": "attribute_not_exists(#id)",
            "ExpressionAttributeNames": {"#id": "id"},
        }
    return {
        # Versions start anew where a deleted resource's id is taken again: the version alone
        # would do for a change that was decided on the one before.
        "ConditionExpression": "#version = :version AND #born = :born",
        "ExpressionAttributeNames": {"#version": "version", "#born": "born"},
        "ExpressionAttributeValues": {
            ":version": {"N": str(change.seen.version)},
            ":born": {"S": change.seen.born},
        },
    }


def _committed_before(reasons: Sequence[Mapping[str, Any]]) -> bool:
    """The log has the event: a first try went through, and its answer was lost.

    (Its row of the outbox may be gone by now.)
    """
    return bool(reasons[2]["Code"] == _REFUSED)


def _key(owner: str, resource_id: int) -> dict[str, AttributeValueTypeDef]:
    return {"owner": {"S": owner}, "id": {"N": str(resource_id)}}


def _attribute(value: object) -> AttributeValueTypeDef:
    if type(value) is int:
        return {"N": str(value)}
    return cast("AttributeValueTypeDef", {_TYPES[type(value)]: value})


def _value(attribute: Mapping[str, Any]) -> object:
    ((name, value),) = attribute.items()
    return int(value) if name == "N" else value


def _characters(item: Item) -> int:
    return sum(len(value["S"]) for value in item.values() if "S" in value)
