"""The capacity units that calls of DynamoDB consume, as DynamoDB reports them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.model import OperationModel
    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.support import JsonObject


@contextmanager
def counted(dynamodb: DynamoDBClient) -> Iterator[list[tuple[str, dict[str, float]]]]:
    """Collects each call of the block, with the units that it consumed of each table.

    DynamoDB Local counts four units for each KB written in a transaction; DynamoDB charges two. It
    reports no units for a refused transaction, which costs as much as a successful one.
    """
    calls: list[tuple[str, dict[str, float]]] = []

    def ask(params: JsonObject, **_: object) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def record(parsed: JsonObject, model: OperationModel, **_: object) -> None:
        consumed = parsed.get("ConsumedCapacity", [])
        tables = consumed if isinstance(consumed, list) else [consumed]
        calls.append((model.name, {each["TableName"]: each["CapacityUnits"] for each in tables}))

    hooks: dict[str, Callable[..., None]] = {
        "provide-client-params.dynamodb": ask,
        "after-call.dynamodb": record,
    }
    for event, hook in hooks.items():
        dynamodb.meta.events.register(event, hook)
    try:
        yield calls
    finally:
        for event, hook in hooks.items():
            dynamodb.meta.events.unregister(event, hook)
