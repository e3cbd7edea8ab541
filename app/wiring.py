"""The one place that builds clients and puts the parts together."""

from __future__ import annotations

import os
import secrets
import time
from datetime import UTC, datetime
from random import SystemRandom
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
from botocore.config import Config

from app import api, gateway
from app.config import Settings
from app.outbox import OutboxDelivery
from app.publisher import ConvoyPublisher
from app.service import TodoService
from app.store import DynamoStore

if TYPE_CHECKING:
    from fastapi import FastAPI
    from mypy_boto3_dynamodb import DynamoDBClient

DYNAMODB = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 2},
    tcp_keepalive=True,
    max_pool_connections=50,
)
"""Seconds. A call that DynamoDB does not answer ends, and its request with it, after two times
1 + 3 s and botocore's pause of up to 1 s between them."""


_random = SystemRandom()


def local_api() -> FastAPI:
    """The API outside Lambda: every request is the owner's named by `CONVOY_APP_ID`."""
    settings = Settings.load()
    return api.build(_service(settings), lambda _: settings.convoy_app_id)


def lambda_api() -> FastAPI:
    """The API behind a gateway: the owner is who its authorizer vouched for."""
    settings = Settings.load()
    anonymous = settings.convoy_app_id if settings.allow_anonymous else None
    app = api.build(_service(settings), gateway.owner_of)
    app.add_middleware(gateway.Gateway, anonymous=anonymous)
    return app


def _service(settings: Settings) -> TodoService:
    store = DynamoStore(
        dynamodb(), todos_table=settings.todos_table, outbox_table=settings.outbox_table
    )
    publisher = ConvoyPublisher(
        base_url=settings.convoy_base_url,
        project_id=settings.convoy_project_id,
        api_key=settings.convoy_api_key.get_secret_value(),
        deadline_s=settings.convoy_deadline_s,
    )
    return TodoService(
        store=store,
        delivery=OutboxDelivery(publisher, store),
        clock=lambda: datetime.now(UTC),
        new_event_id=lambda: str(uuid4()),
        new_todo_id=lambda: secrets.randbits(53),
        pause=lambda clashes: time.sleep(_random.uniform(0, 0.02 * clashes)),
        publish_reads=settings.publish_reads,
    )


def dynamodb() -> DynamoDBClient:
    # botocore reads the region from AWS_DEFAULT_REGION alone; Lambda and the other SDKs set this.
    return boto3.client("dynamodb", region_name=os.environ.get("AWS_REGION"), config=DYNAMODB)
