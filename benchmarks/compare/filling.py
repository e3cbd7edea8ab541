"""Fills a table of DynamoDB Local with many rows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

BATCH = 25
"""DynamoDB's limit of one write."""


def fill(client: DynamoDBClient, table: str, items: Iterable[Any]) -> None:
    def write(batch: list[Any]) -> None:
        puts: list[Any] = [{"PutRequest": {"Item": item}} for item in batch]
        answer = client.batch_write_item(RequestItems={table: puts})
        assert not answer["UnprocessedItems"]  # noqa: S101

    with ThreadPoolExecutor(4) as threads:
        for _ in threads.map(write, _batches(iter(items))):
            pass


def _batches(items: Iterator[Any]) -> Iterator[list[Any]]:
    while batch := list(islice(items, BATCH)):
        yield batch
