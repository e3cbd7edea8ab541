"""The newest state of each resource, and how far the events have been read, in one table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

CHANGES = {"created", "updated", "deleted"}

FORGET_AFTER_S = 90 * 24 * 3600
"""Seconds that the version of a deleted resource is kept: longer than the API keeps its events, and
shorter than the year after which the API begins again at version 1."""

FORGET_PAGE = 1000
"""Rows that are looked through at once."""

_PROGRESS = {"id": {"S": "progress"}}
_PUT = "SET version = :version, event_id = :event, seen_at = :at, #state = :state REMOVE expires_at"
_DELETE = (
    "SET version = :version, event_id = :event, seen_at = :at, expires_at = :expires REMOVE #state"
)
_IS_NEWER = "attribute_not_exists(version) OR version < :version"
_IS_OLD = "attribute_exists(#state) AND seen_at < :at"
_NAMES = {"#state": "state"}


class Progress(NamedTuple):
    """Where the catch-up goes on.

    `step`: "list" the resources of `kinds`, "forget" what the listing did not have, then read the
    "events". `since`, RFC 3339, is the begin of the last listing: it has the effect of every change
    before. `after`: of the step's next page; None: of its first.
    """

    step: str
    since: str
    after: str | None
    kinds: tuple[str, ...] = ()


class State:
    """A row is a resource: `id` is `todo/1`, `state` is its JSON, absent once it is deleted.

    `seen_at` is the time of the event, or the begin of the listing, from which the row is.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def apply(self, event: Mapping[str, Any], *, now: float, since: str) -> bool:
        """Whether the event was news. Events that change nothing are not. `now` is in seconds.

        Nor is an event before the `since` of Progress: the deletion that followed may never come.

        An event that came before and one that is older have the same answer: the table has this
        version or a newer one. Raises botocore's errors.
        """
        kind, _, action = str(event.get("event")).rpartition(".")
        if action not in CHANGES or event["occurred_at"] < since:
            return False
        return self._write(
            kind,
            event[kind],
            event["id"],
            event["occurred_at"],
            expires_at=int(now) + FORGET_AFTER_S if action == "deleted" else None,
        )

    def put_listed(self, kind: str, resource: Mapping[str, Any], since: str) -> bool:
        """The same for a resource as a listing has it that began at `since`, RFC 3339."""
        if self._write(kind, resource, "listed", since, expires_at=None):
            return True
        key = {"id": {"S": f"{kind}/{resource['id']}"}}
        self._update(key, "SET seen_at = :at", _IS_OLD, {":at": {"S": since}})
        return False

    def forget(self, since: str, after: str | None, *, now: float) -> str | None:
        """Delete resources that a listing did not have that began at `since`: a page of the rows.

        Returns the `after` of the next page, None if there is none. Raises botocore's errors.
        """
        old = {":at": {"S": since}}
        start: Any = {} if after is None else {"ExclusiveStartKey": {"id": {"S": after}}}
        page = self._client.scan(
            TableName=self._table,
            FilterExpression=_IS_OLD,
            ProjectionExpression="id",
            ExpressionAttributeNames=_NAMES,
            ExpressionAttributeValues=old,
            ConsistentRead=True,
            Limit=FORGET_PAGE,
            **start,
        )
        expires = {":expires": {"N": str(int(now) + FORGET_AFTER_S)}}
        for key in page["Items"]:
            change = "SET expires_at = :expires REMOVE #state"
            self._update(key, change, _IS_OLD, old | expires)
        last = page.get("LastEvaluatedKey")
        return None if last is None else last["id"]["S"]

    def _write(
        self,
        kind: str,
        resource: Mapping[str, Any],
        event_id: str,
        at: str,
        *,
        expires_at: int | None,
    ) -> bool:
        values: dict[str, Any] = {
            ":version": {"N": str(int(resource["version"]))},
            ":event": {"S": event_id},
            ":at": {"S": at},
        }
        if expires_at is None:
            values[":state"] = {"S": json.dumps(resource, ensure_ascii=False)}
        else:
            values[":expires"] = {"N": str(expires_at)}
        change = _PUT if expires_at is None else _DELETE
        return self._update({"id": {"S": f"{kind}/{resource['id']}"}}, change, _IS_NEWER, values)

    def _update(self, key: Any, change: str, condition: str, values: Any) -> bool:  # noqa: ANN401
        """Whether the condition held."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=key,
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeNames=_NAMES,
                ExpressionAttributeValues=values,
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def progress(self) -> Progress | None:
        """Where the next catch-up begins. None: there was none yet."""
        answer = self._client.get_item(TableName=self._table, Key=_PROGRESS, ConsistentRead=True)
        if "Item" not in answer:
            return None
        found = json.loads(answer["Item"]["json"]["S"])
        return Progress(**found | {"kinds": tuple(found["kinds"])})

    def save_progress(self, progress: Progress) -> None:
        """The pages before it are in the table."""
        text = json.dumps(progress._asdict())
        self._client.put_item(TableName=self._table, Item={**_PROGRESS, "json": {"S": text}})
