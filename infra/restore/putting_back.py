"""Puts resources back as a restored table has them: each by a change, with its event."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from app.domain.ports import StoreError
from app.domain.resource import COMMON_FIELDS, ResourceError
from app.dynamodb.resource_table import COLLECTION, ResourceTable
from infra.restore.scanning import Item, for_each

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.domain.service import Service


class Outcome(StrEnum):
    AS_IT_WAS = "already as it was"
    CHANGED = "changed back"
    CREATED = "created again"
    REFUSED = "refused"


@dataclass(slots=True)
class PutBack:
    """`refused` gets the message for a resource that can't be put back.

    A resource that was created since the restored moment stays, as does each tombstone. A run can
    end at any resource and be repeated. Every call raises StoreError, or botocore's ClientError.
    """

    client: DynamoDBClient
    services: Sequence[Service[Any]]
    source: str
    refused: Callable[[str], object]
    dry_run: bool = False
    counts: Counter[Outcome] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def run(self) -> None:
        services = {each.type.name: each for each in self.services}

        def put_back(item: Item) -> None:
            if int(item["id"]["N"]) < 0:
                return
            kind = item[COLLECTION]["S"].partition("/")[0]
            try:
                service = services[kind]
                then = ResourceTable(service.type, self.source).resource(item)
            except KeyError:
                outcome = self._refuse(f"{kind} {item['id']['N']}: this code has no such resource")
            except StoreError as error:
                outcome = self._refuse(str(error))
            else:
                outcome = self._put_back(service, then)
            with self._lock:
                self.counts[outcome] += 1

        for_each(self.client, self.source, put_back)

    def _put_back(self, service: Service[Any], then: Any) -> Outcome:  # noqa: ANN401  # of any type
        now = service.store.read(then.owner, then.id).resource
        own = service.type.field_types.keys() - COMMON_FIELDS.keys()
        fields = {name: getattr(then, name) for name in own}
        if now is not None and all(getattr(now, name) == fields[name] for name in own):
            return Outcome.AS_IT_WAS
        outcome = Outcome.CREATED if now is None else Outcome.CHANGED
        if self.dry_run:
            return outcome
        change = service.create if now is None else service.update
        try:
            change(then.owner, then.id, fields)
        except ResourceError as error:
            return self._refuse(f"owner {then.owner}: {error}")
        return outcome

    def _refuse(self, reason: str) -> Outcome:
        self.refused(reason)
        return Outcome.REFUSED
