"""The newest state of each resource, and how far the events have been read, in one table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

CHANGES = {"created", "updated", "deleted"}

FORGET_AFTER_S = 90 * 24 * 3600
"""Seconds that the version of a deleted resource is kept: longer than the API keeps its events, and
shorter than the year after which the API begins again at version 1."""

_CURSOR = {"id": {"S": "cursor"}}
_PUT = "SET version = :version, event_id = :event, #state = :state REMOVE expires_at"
_DELETE = "SET version = :version, event_id = :event, expires_at = :expires REMOVE #state"
_IS_NEWER = "attribute_not_exists(version) OR version < :version"


class State:
    """A row is a resource: `id` is `todo/1`, `state` is its JSON, absent once it is deleted."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def apply(self, event: Mapping[str, Any], *, now: float) -> bool:
        """Whether the event was news. Events that change nothing are not. `now` is in seconds.

        An event that came before and one that is older have the same answer: the table has this
        version or a newer one. Raises botocore's errors.
        """
        kind, _, action = str(event.get("event")).rpartition(".")
        if action not in CHANGES:
            return False
        return self._write(
            kind,
            event[kind],
            event["id"],
            expires_at=int(now) + FORGET_AFTER_S if action == "deleted" else None,
        )

    def put_listed(self, kind: str, resource: Mapping[str, Any]) -> bool:
        """The same for a resource as the API lists it."""
        return self._write(kind, resource, "listed", expires_at=None)

    def _write(
        self, kind: str, resource: Mapping[str, Any], event_id: str, *, expires_at: int | None
    ) -> bool:
        values: dict[str, Any] = {
            ":version": {"N": str(int(resource["version"]))},
            ":event": {"S": event_id},
        }
        if expires_at is None:
            values[":state"] = {"S": json.dumps(resource, ensure_ascii=False)}
        else:
            values[":expires"] = {"N": str(expires_at)}
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"id": {"S": f"{kind}/{resource['id']}"}},
                UpdateExpression=_PUT if expires_at is None else _DELETE,
                ConditionExpression=_IS_NEWER,
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues=values,
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def cursor(self) -> str | None:
        """Where the next catch-up begins. None: there was none yet."""
        answer = self._client.get_item(TableName=self._table, Key=_CURSOR, ConsistentRead=True)
        return answer["Item"]["after"]["S"] if "Item" in answer else None

    def save_cursor(self, after: str) -> None:
        """Every event before it has been applied."""
        self._client.put_item(TableName=self._table, Item={**_CURSOR, "after": {"S": after}})
