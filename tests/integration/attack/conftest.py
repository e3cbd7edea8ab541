"""The two clients of the attack: one calls the ASGI application, the other the Lambda handler."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING

import pytest

from app.http import application, gateway
from app.register import RESOURCES
from app.wiring.clients import now
from tests.components import make_event_log, make_service
from tests.integration.attack.clients import AsgiClient, AttackClient, GatewayClient
from tests.integration.lambda_.conftest import cold_start, environment
from tests.tables import make_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.publisher import ConvoyPublisher
    from tests.integration.lambda_.gateways import Invoke

__all__ = ["cold_start", "environment"]


@pytest.fixture
def asgi(dynamodb: DynamoDBClient, publisher: ConvoyPublisher) -> Iterator[AttackClient]:
    ids = count(2**40)
    services = [
        make_service(
            dynamodb,
            publisher,
            type=each,
            store=make_store(dynamodb, type=each),
            new_id=lambda: next(ids),
        )
        for each in RESOURCES
    ]
    log = make_event_log(dynamodb, now)
    with asyncio.Runner() as loop:
        yield AsgiClient(application.build(services, gateway.owner_of, log=log), loop)


@pytest.fixture
def lambda_(cold_start: Callable[[], Invoke]) -> GatewayClient:
    return GatewayClient(cold_start())


@pytest.fixture(params=["asgi", "lambda_"])
def attacker(request: pytest.FixtureRequest) -> AttackClient:
    """Each client, one after the other."""
    found: AttackClient = request.getfixturevalue(request.param)
    return found
