"""Copies the items of one table into another, which keeps what it has."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra.restore.scanning import Item, for_each

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(slots=True)
class Copy:
    """`raise_versions` is added to each item's version: see docs/backups.md.

    A copy can end at any item and be repeated. Every call raises botocore's ClientError.
    """

    client: DynamoDBClient
    source: str
    target: str
    raise_versions: int = 0
    copied: int = 0
    kept: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def run(self) -> None:
        key = self.client.describe_table(TableName=self.target)["Table"]["KeySchema"][0]
        names = {"#key": key["AttributeName"]}

        def copy(item: Item) -> None:
            try:
                self.client.put_item(
                    TableName=self.target,
                    Item=self._raised(item),
                    ConditionExpression="attribute_not_exists(#key)",
                    ExpressionAttributeNames=names,
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                    raise
                self._count(copied=False)
            else:
                self._count(copied=True)

        for_each(self.client, self.source, copy)

    def _raised(self, item: Item) -> Item:
        if not self.raise_versions:
            return item
        return item | {"version": {"N": str(int(item["version"]["N"]) + self.raise_versions)}}

    def _count(self, *, copied: bool) -> None:
        with self._lock:
            self.copied += copied
            self.kept += not copied
