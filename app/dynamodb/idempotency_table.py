"""The table of idempotency keys: a record of each key's first request, for a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.idempotency import KEY_LIFE, Record
from app.domain.ports import StoreError
from app.dynamodb import items

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import GetTypeDef, PutTypeDef

    from app.domain.idempotency import Claim
    from app.domain.resource import Change, R
    from app.dynamodb.items import Item


class IdempotencyTable:
    def __init__(self, table: str) -> None:
        self._table = table

    def put(self, claim: Claim, change: Change[R]) -> PutTypeDef:
        """The write of a commit's transaction that takes the key if it is free."""
        return {
            "TableName": self._table,
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

    def get(self, claim: Claim) -> GetTypeDef:
        """The read of the key's record, for a transaction."""
        key: Item = {"owner": {"S": claim.owner}, "key": {"S": claim.key}}
        return {"TableName": self._table, "Key": key}

    def record(self, claim: Claim, item: Item) -> Record | None:
        """The key's record; None if it is older than KEY_LIFE. Raises StoreError."""
        try:
            # DynamoDB may delete an expired item days later.
            if items.number(item, "expires_at") <= claim.now.timestamp():
                return None
            return Record(
                fingerprint=items.text(item, "fingerprint"),
                id=items.number(item, "id"),
                version=items.number(item, "version"),
                event_id=items.text(item, "event_id"),
            )
        except items.DAMAGE as error:
            row = f"the record of idempotency key {claim.key} of {claim.owner}"
            raise StoreError(f"{row} can't be read: {error!r}") from error
