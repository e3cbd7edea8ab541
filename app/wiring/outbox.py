"""The outbox alone, for the commands that need neither Convoy nor the API."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.dynamodb.outbox_table import OutboxTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from app.settings import Settings


def outbox_of(settings: Settings, client: DynamoDBClient) -> OutboxTable:
    settle_after = timedelta(seconds=settings.settle_after_s)
    return OutboxTable(client, settings.outbox_table, settle_after=settle_after)
