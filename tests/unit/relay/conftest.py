"""A new world, with an empty outbox, for each test of the relay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import TodoStore, make_outbox
from tests.unit.relay.world import World

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from app.dynamodb.outbox_table import OutboxTable


@pytest.fixture
def table(dynamodb: DynamoDBClient) -> OutboxTable:
    return make_outbox(dynamodb)


@pytest.fixture
def world(store: TodoStore, table: OutboxTable) -> World:
    return World(store, table)
