"""The table of all resources, and of the tombstones of deleted ones.

The key is the collection (`order/ann`: the resource's type and its owner) and the id. A deletion
leaves a tombstone in the same collection, under the negative id -1 - id. The tombstone keeps the
version of the deletion for a year.

             the resource               its tombstone
    create   put if there is none       check that there is none, or delete it if unchanged
    update   update if unchanged
    delete   delete if unchanged        put

An update writes the fields that this version of the code knows. It keeps other attributes: a
newer version may have written them.
"""

from __future__ import annotations

from dataclasses import MISSING
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, Literal, Required, TypedDict

from app.domain import fields
from app.domain.ports import StoreError
from app.domain.resource import Change, R, ResourceType
from app.dynamodb import items

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        GetTypeDef,
        TransactWriteItemTypeDef,
        UpdateTypeDef,
    )

    from app.dynamodb.items import Item

TOMBSTONE_LIFE = timedelta(days=365)
"""How long the version of a deletion is kept."""

COLLECTION = "kind/owner"
"""The table's partition key. The `/` keeps it apart from the names of fields."""

TOMBSTONE_EXPIRY = "expires-at"
"""The attribute with the time at which DynamoDB deletes a tombstone."""


class ResourceTable(Generic[R]):
    """Each field is an attribute. A row without the attribute is read with the field's default.

    A row without `version` can't be read: a change compares with it.
    """

    def __init__(self, resource_type: ResourceType[R], table: str) -> None:
        self.name = table
        self._type = resource_type
        declared = resource_type.model.__dataclass_fields__
        self._needed = {
            name
            for name in resource_type.field_types
            if fields.default_of(declared[name]) is MISSING
        } | {"version"}
        self._readers = {each: fields.reader(of) for each, of in resource_type.field_types.items()}
        changing = (name for name in resource_type.field_types if name != "id")
        self._aliases = {str(number): name for number, name in enumerate(changing)}
        self._names = {f"#{alias}": name for alias, name in self._aliases.items()}

    def collection(self, owner: str) -> str:
        return f"{self._type.name}/{owner}"

    def writes(self, change: Change[R]) -> list[TransactWriteItemTypeDef]:
        """The writes of a commit's transaction: they fail if another writer came first."""
        key = self._key(change.state.owner, change.state.id)
        tombstone = self._key(change.state.owner, -1 - change.state.id)
        if change.action == "update":
            return [{"Update": self._update(key, change)}]
        if change.action == "delete":
            tombstone_item = tombstone | _tombstone(change)
            return [
                {"Delete": {"TableName": self.name, "Key": key, **_at(change.base_version)}},
                {"Put": {"TableName": self.name, "Item": tombstone_item}},
            ]
        # The guard fails if a deletion came between, or if this is a late copy of an earlier try.
        guard: TransactWriteItemTypeDef = (
            {"Delete": {"TableName": self.name, "Key": tombstone, **_at(change.base_version)}}
            if change.base_version
            else {"ConditionCheck": {"TableName": self.name, "Key": tombstone, **_ABSENT}}
        )
        item = self._attributes(change.state) | key
        return [{"Put": {"TableName": self.name, "Item": item, **_ABSENT}}, guard]

    def get(self, owner: str, resource_id: int) -> GetTypeDef:
        """The read of the resource, for a transaction or alone."""
        return {"TableName": self.name, "Key": self._key(owner, resource_id)}

    def get_tombstone(self, owner: str, resource_id: int) -> GetTypeDef:
        return {"TableName": self.name, "Key": self._key(owner, -1 - resource_id)}

    def resource(self, item: Item) -> R:
        """Raises StoreError."""
        try:
            return self._type.model(**self._values(item))
        except items.DAMAGE as error:
            raise self._unreadable(item, error) from error

    def version(self, tombstone: Item) -> int:
        """The version of the deletion. Raises StoreError."""
        try:
            return items.number(tombstone, "version")
        except items.DAMAGE as error:
            raise self._unreadable(tombstone, error) from error

    def _update(self, key: Item, change: Change[R]) -> UpdateTypeDef:
        attributes = self._attributes(change.state)
        kept = {alias: name for alias, name in self._aliases.items() if name in attributes}
        gone = [f"#{alias}" for alias in self._aliases if alias not in kept]
        values = {f":{alias}": attributes[name] for alias, name in kept.items()}
        expression = f"SET {', '.join(f'#{alias} = :{alias}' for alias in kept)}"
        seen = _at(change.base_version)
        return {
            "TableName": self.name,
            "Key": key,
            "UpdateExpression": f"{expression} REMOVE {', '.join(gone)}" if gone else expression,
            "ConditionExpression": seen["ConditionExpression"],
            "ExpressionAttributeNames": self._names | seen["ExpressionAttributeNames"],
            "ExpressionAttributeValues": values | seen["ExpressionAttributeValues"],
        }

    def _attributes(self, state: R) -> dict[str, AttributeValueTypeDef]:
        return {name: items.attribute(value) for name, value in self._type.public(state).items()}

    def _values(self, item: Item) -> dict[str, Any]:
        if not item.keys() >= self._needed:
            raise LookupError(f"no {', '.join(sorted(self._needed - item.keys()))}")
        return {"owner": _owner(item)} | {
            name: read(items.json_value(item[name]))
            for name, read in self._readers.items()
            if name in item
        }

    def _key(self, owner: str, number: int) -> dict[str, AttributeValueTypeDef]:
        return {COLLECTION: {"S": self.collection(owner)}, "id": {"N": str(number)}}

    def _unreadable(self, item: Item, error: Exception) -> StoreError:
        row = f"{self._type.name} {item['id']['N']} of {_owner(item)}"
        return StoreError(f"{row} can't be read: {error!r}")


class _Condition(TypedDict, total=False):
    ConditionExpression: Required[str]
    ExpressionAttributeNames: Required[dict[str, str]]
    ExpressionAttributeValues: dict[str, AttributeValueTypeDef]
    ReturnValuesOnConditionCheckFailure: Literal["NONE"]  # unused; a ** item must name all its keys


_ABSENT: _Condition = {
    "ConditionExpression": "attribute_not_exists(#id)",
    "ExpressionAttributeNames": {"#id": "id"},
}


def _at(version: int) -> _Condition:
    return {
        "ConditionExpression": "#version = :version",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {":version": {"N": str(version)}},
    }


def _owner(item: Item) -> str:
    return items.text(item, COLLECTION).partition("/")[2]


def _tombstone(change: Change[R]) -> dict[str, AttributeValueTypeDef]:
    expires_at = int((change.event.occurred_at + TOMBSTONE_LIFE).timestamp())
    return {
        "version": {"N": str(change.state.version)},
        TOMBSTONE_EXPIRY: {"N": str(expires_at)},
    }
