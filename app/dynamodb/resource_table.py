"""The rows of a kind of resource, and of what was deleted.

A resource is the item of its owner and id. That of a deleted one makes room for its tombstone, an
item of the same owner at a negative id: it keeps the id's last version, for a year.

             (owner, id)             (owner, -1 - id)
    create   put if there is none    check that there is none, or delete the one that was seen
    update   put if as seen
    delete   delete if as seen       put
"""

from __future__ import annotations

from dataclasses import MISSING
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, Literal, Required, TypedDict, cast, get_type_hints

from app.domain.ports import StoreError
from app.domain.resource import Change, Kind, R
from app.dynamodb import items

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        GetTypeDef,
        TransactWriteItemTypeDef,
    )

    from app.dynamodb.items import Item

TOMBSTONE_LIFE = timedelta(days=365)
"""How long the version of a deletion is remembered."""

TOMBSTONE_EXPIRY = "expires-at"
"""DynamoDB deletes an item at the time that it has here: no field can have this name."""

_TYPES: dict[type, Literal["S", "N", "BOOL"]] = {str: "S", int: "N", bool: "BOOL"}


class ResourceTable(Generic[R]):
    """A field of the resource is an attribute of its name; a row that lacks one has its default.

    But `version` has to be there: a change compares with it.
    """

    def __init__(self, kind: Kind[R], table: str) -> None:
        self.name = table
        self._kind = kind
        fields = kind.new.__dataclass_fields__
        types = get_type_hints(kind.new)
        self._types = {name: _TYPES[types[name]] for name in fields}
        self._needed = {name for name in fields if fields[name].default is MISSING} | {"version"}

    def writes(self, change: Change[R]) -> list[TransactWriteItemTypeDef]:
        """The part of a commit's transaction that changes the resource, if it is still as seen."""
        key = _key(change.state.owner, change.state.id)
        tombstone = _tombstone_key(change.state.owner, change.state.id)
        item = self._item(change.state)
        if change.action == "update":
            return [{"Put": {"TableName": self.name, "Item": item, **_at(change.seen)}}]
        if change.action == "delete":
            buried = tombstone | _tombstone(change)
            return [
                {"Delete": {"TableName": self.name, "Key": key, **_at(change.seen)}},
                {"Put": {"TableName": self.name, "Item": buried}},
            ]
        # Neither a deletion that came between, nor an earlier try that arrives late, goes unseen.
        guard: TransactWriteItemTypeDef = (
            {"Delete": {"TableName": self.name, "Key": tombstone, **_at(change.seen)}}
            if change.seen
            else {"ConditionCheck": {"TableName": self.name, "Key": tombstone, **_absent()}}
        )
        return [{"Put": {"TableName": self.name, "Item": item, **_absent()}}, guard]

    def get(self, owner: str, resource_id: int) -> GetTypeDef:
        """The part of a reading that asks for the resource."""
        return {"TableName": self.name, "Key": _key(owner, resource_id)}

    def get_tombstone(self, owner: str, resource_id: int) -> GetTypeDef:
        return {"TableName": self.name, "Key": _tombstone_key(owner, resource_id)}

    def resource(self, item: Item) -> R:
        """Raises StoreError."""
        try:
            return self._kind.new(**self._values(item))
        except items.DAMAGE as error:
            raise self._unreadable(item, error) from error

    def version(self, tombstone: Item) -> int:
        """That of the deletion. Raises StoreError."""
        try:
            return items.number(tombstone, "version")
        except items.DAMAGE as error:
            raise self._unreadable(tombstone, error) from error

    def _item(self, state: R) -> dict[str, AttributeValueTypeDef]:
        return {name: _attribute(getattr(state, name), kind) for name, kind in self._types.items()}

    def _values(self, item: Item) -> dict[str, object]:
        if missing := sorted(self._needed - item.keys()):
            raise LookupError(f"no {', '.join(missing)}")
        return {name: _value(item, name, of) for name, of in self._types.items() if name in item}

    def _unreadable(self, item: Item, error: Exception) -> StoreError:
        row = f"{self._kind.name} {item['id']['N']} of {item['owner']['S']}"
        return StoreError(f"{row} can't be read: {error!r}")


class _Condition(TypedDict, total=False):
    ConditionExpression: Required[str]
    ExpressionAttributeNames: Required[dict[str, str]]
    ExpressionAttributeValues: dict[str, AttributeValueTypeDef]
    ReturnValuesOnConditionCheckFailure: Literal["NONE"]  # unused; a ** item must name all its keys


def _absent() -> _Condition:
    return {
        "ConditionExpression": "attribute_not_exists(#id)",
        "ExpressionAttributeNames": {"#id": "id"},
    }


def _at(version: int) -> _Condition:
    return {
        "ConditionExpression": "#version = :version",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {":version": {"N": str(version)}},
    }


def _key(owner: str, resource_id: int) -> dict[str, AttributeValueTypeDef]:
    return {"owner": {"S": owner}, "id": {"N": str(resource_id)}}


def _tombstone_key(owner: str, resource_id: int) -> dict[str, AttributeValueTypeDef]:
    return _key(owner, -1 - resource_id)


def _tombstone(change: Change[R]) -> dict[str, AttributeValueTypeDef]:
    expires_at = int((change.event.occurred_at + TOMBSTONE_LIFE).timestamp())
    return {
        "version": {"N": str(change.state.version)},
        TOMBSTONE_EXPIRY: {"N": str(expires_at)},
    }


def _attribute(value: object, kind: str) -> AttributeValueTypeDef:
    return cast("AttributeValueTypeDef", {kind: str(value) if kind == "N" else value})


def _value(item: Item, name: str, kind: Literal["S", "N", "BOOL"]) -> object:
    return items.number(item, name) if kind == "N" else item[name][kind]
