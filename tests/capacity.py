"""What calls of DynamoDB take, as it tells."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.model import OperationModel
    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.support import Json


@contextmanager
def counted(dynamodb: DynamoDBClient) -> Iterator[list[tuple[str, dict[str, float]]]]:
    """The calls made meanwhile, and the units that each took of each table.

    DynamoDB Local counts four for each KB written in a transaction, and DynamoDB's price is two. A
    transaction that is refused has no count: it costs what it would have cost.
    """
    taken: list[tuple[str, dict[str, float]]] = []

    def ask(params: Json, **_: object) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def take(parsed: Json, model: OperationModel, **_: object) -> None:
        consumed = parsed.get("ConsumedCapacity", [])
        tables = consumed if isinstance(consumed, list) else [consumed]
        taken.append((model.name, {each["TableName"]: each["CapacityUnits"] for each in tables}))

    hooks: dict[str, Callable[..., None]] = {
        "provide-client-params.dynamodb": ask,
        "after-call.dynamodb": take,
    }
    for event, hook in hooks.items():
        dynamodb.meta.events.register(event, hook)
    try:
        yield taken
    finally:
        for event, hook in hooks.items():
            dynamodb.meta.events.unregister(event, hook)
