"""The store on DynamoDB: a resource commits with its event and its idempotency record."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Generic

from app.domain.ports import Clash, Page, Snapshot
from app.domain.resource import Change, R, ResourceType
from app.dynamodb import items
from app.dynamodb.errors import translated_errors
from app.dynamodb.idempotency_table import IdempotencyTable
from app.dynamodb.resource_table import COLLECTION, ResourceTable
from app.dynamodb.transactions import REFUSED, Cancelled, Transactions

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from app.domain.idempotency import Claim
    from app.dynamodb.events_table import EventsTable
    from app.dynamodb.items import Item
    from app.dynamodb.outbox_table import OutboxTable


class DynamoStore(Generic[R]):
    """The timeouts and retries of `client` limit how long a call takes."""

    def __init__(
        self,
        client: DynamoDBClient,
        resource_type: ResourceType[R],
        *,
        table: str,
        idempotency_table: str,
        outbox: OutboxTable,
        log: EventsTable,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._resources = ResourceTable(resource_type, table)
        self._keys = IdempotencyTable(idempotency_table)
        self._outbox = outbox
        self._log = log
        self._transactions = Transactions(client, sleep)

    def read(
        self, owner: str, resource_id: int, claim: Claim | None = None, *, freed: bool = False
    ) -> Snapshot[R]:
        """One `TransactGetItems`; a `GetItem` if only the resource is read."""
        resource = self._resources.get(owner, resource_id)
        if claim is None and not freed:
            with translated_errors:
                answer = self._client.get_item(**resource, ConsistentRead=True)
            return Snapshot(self._resource(answer.get("Item")))
        tombstone = [self._resources.get_tombstone(owner, resource_id)] if freed else []
        record = [self._keys.get(claim)] if claim else []
        found = self._transactions.read(resource, *tombstone, *record)
        version = self._resources.version(found[1]) if freed and found[1] else 0
        kept = self._keys.record(claim, found[-1]) if claim and found[-1] else None
        return Snapshot(self._resource(found[0]), version, kept)

    def page(self, owner: str, *, limit: int, after: int | None) -> Page[R]:
        """Up to `limit` resources, ordered by id.

        A page has fewer if it reaches DynamoDB's limit of 1 MB, or `items.MAX_PAGE_CHARACTERS`.
        """
        with translated_errors:
            answer = self._client.query(
                TableName=self._resources.name,
                # Negative ids are tombstones.
                KeyConditionExpression="#collection = :collection AND #id > :after",
                ExpressionAttributeNames={"#collection": COLLECTION, "#id": "id"},
                ExpressionAttributeValues={
                    ":collection": {"S": self._resources.collection(owner)},
                    ":after": {"N": str(-1 if after is None else after)},
                },
                Limit=limit + 1,
                ConsistentRead=True,
            )
        found = answer["Items"]
        kept = items.page_of(found, limit)
        more = len(found) > len(kept) or "LastEvaluatedKey" in answer
        page = [self._resources.resource(item) for item in kept]
        return Page(page, page[-1].id if more else None)

    def commit(self, change: Change[R], claim: Claim | None = None) -> None:
        """One transaction writes the event into the log and the outbox, the resource if it has not
        changed since it was read, and the key's record if the key is free.

        Raises Clash, StoreUnavailable, StoreError.
        """
        writes: list[TransactWriteItemTypeDef] = [
            {"Put": self._log.put(change.event)},
            {"Put": self._outbox.put(change.event)},
            *self._resources.writes(change),
        ]
        if claim is not None:
            writes.append({"Put": self._keys.put(claim, change)})
        try:
            self._transactions.write(writes, token=change.event.id)
        except Cancelled as cancelled:
            if cancelled.codes[0] == REFUSED:
                # The log has the event: an earlier try succeeded, but its answer was lost.
                return
            raise Clash from None

    def is_waiting(self, event_id: str) -> bool:
        return self._outbox.has(event_id)

    def _resource(self, item: Item | None) -> R | None:
        return None if item is None else self._resources.resource(item)
