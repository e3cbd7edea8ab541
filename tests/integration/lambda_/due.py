"""Rows of the outbox that a relay takes at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.wiring.clients import now
from tests.tables import Outbox, make_outbox

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def make_due(client: DynamoDBClient) -> None:
    """What a request could not publish waits for some seconds: no longer."""
    for row in Outbox(client).rows():
        assert make_outbox(client).redrive(row, now=now())
