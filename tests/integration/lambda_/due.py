"""Makes the outbox's rows due, so that a relay takes them at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.wiring.clock import now
from tests.tables import Outbox, make_outbox

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def make_due(client: DynamoDBClient) -> None:
    """End the pause after a failed publish."""
    for row in Outbox(client).rows():
        assert make_outbox(client).redrive(row, now=now())
