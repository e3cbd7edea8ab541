"""Transactions of DynamoDB: all or nothing, repeated for a moment while other writers contend."""

from __future__ import annotations

from random import SystemRandom
from typing import TYPE_CHECKING, TypeVar

from app.domain.ports import StoreError, StoreUnavailable
from app.dynamodb.errors import TRANSIENT, translated_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        GetTypeDef,
        TransactGetItemTypeDef,
        TransactWriteItemTypeDef,
    )

    from app.dynamodb.items import Item

T = TypeVar("T")

CONFLICT_PAUSES_S = (0.02, 0.05, 0.1, 0.2)
"""Upper bounds, in seconds, of the random pauses between tries of a contended transaction."""

REFUSED = "ConditionalCheckFailed"


class Cancelled(Exception):
    """A condition did not hold: nothing was written. `codes` has one for each item, in order."""

    def __init__(self, codes: Sequence[str]) -> None:
        super().__init__(codes)
        self.codes = codes


class Transactions:
    """Each call raises StoreUnavailable or StoreError."""

    def __init__(self, client: DynamoDBClient, sleep: Callable[[float], None]) -> None:
        self._client = client
        self._sleep = sleep
        self._random = SystemRandom()

    def write(self, items: Sequence[TransactWriteItemTypeDef], *, token: str) -> None:
        """Raises Cancelled. The token makes botocore's retry after a lost answer harmless, for ten
        minutes.
        """
        self._retry_contention(
            lambda: self._client.transact_write_items(TransactItems=items, ClientRequestToken=token)
        )

    def read(self, *keys: GetTypeDef) -> list[Item | None]:
        """The items of these keys as of one moment; None for a missing item."""
        items: list[TransactGetItemTypeDef] = [{"Get": key} for key in keys]
        answer = self._retry_contention(
            lambda: self._client.transact_get_items(TransactItems=items)
        )
        return [found.get("Item") for found in answer["Responses"]]

    def _retry_contention(self, transact: Callable[[], T]) -> T:
        for pause in (*CONFLICT_PAUSES_S, None):
            try:
                with translated_errors:
                    return transact()
            except self._client.exceptions.TransactionCanceledException as error:
                codes = [reason["Code"] for reason in error.response["CancellationReasons"]]
            if REFUSED in codes:
                raise Cancelled(codes)
            if not {*codes} <= TRANSIENT | {"None"}:
                raise StoreError(_cancelled(codes))
            if pause is not None:
                self._sleep(self._random.uniform(0, pause))
        raise StoreUnavailable(_cancelled(codes))


def _cancelled(codes: Sequence[str]) -> str:
    return f"DynamoDB cancelled the transaction: {sorted({*codes} - {'None'})}"
