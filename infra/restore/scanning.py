"""Every item of a table, read in parallel segments."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]

SEGMENTS = 8


def for_each(client: DynamoDBClient, table: str, act: Callable[[Item], object]) -> None:
    """Call `act` with each item, in SEGMENTS threads. The first exception ends all of them."""
    ended = Event()

    def read(segment: int) -> None:
        try:
            for item in _items(client, table, segment):
                if ended.is_set():
                    return
                act(item)
        except BaseException:
            ended.set()
            raise

    with ThreadPoolExecutor(SEGMENTS, thread_name_prefix="restore") as threads:
        for done in [threads.submit(read, segment) for segment in range(SEGMENTS)]:
            done.result()


def _items(client: DynamoDBClient, table: str, segment: int) -> Iterator[Item]:
    start: dict[str, Any] = {}
    while True:
        page = client.scan(TableName=table, Segment=segment, TotalSegments=SEGMENTS, **start)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
