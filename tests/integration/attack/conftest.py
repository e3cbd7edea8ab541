"""The two clients of the attack: one calls the ASGI application, the other the Lambda handler."""

from __future__ import annotations

import asyncio
import sys
from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING

import pytest

from app.http import gateway
from app.wiring.clock import now
from tests.components import make_event_log, make_service
from tests.integration.attack.clients import AsgiClient, AttackClient, GatewayClient
from tests.integration.customers.world import World, look_up, set_up
from tests.integration.lambda_.conftest import cold_start, environment
from tests.integration.lambda_.gateways import invocation
from tests.register import RESOURCES
from tests.tables import make_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.connecting import Address
    from app.convoy.publisher import ConvoyPublisher
    from tests.integration.lambda_.gateways import Invoke
    from tests.stand_in import Convoy
    from tests.support import JsonObject

__all__ = ["cold_start", "environment"]


@pytest.fixture
def asgi(
    dynamodb: DynamoDBClient, publisher: ConvoyPublisher, convoy: Convoy
) -> Iterator[AttackClient]:
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
    with (
        asyncio.Runner() as loop,
        closing(World(convoy, owner_of=gateway.owner_of)) as world,
    ):
        yield AsgiClient(world.api(services, log), loop)


@pytest.fixture
def lambda_(
    cold_start: Callable[[], Invoke], convoy: Convoy, environment: pytest.MonkeyPatch
) -> Iterator[GatewayClient]:
    """Both functions, behind one gateway. Names of hosts are not looked up outside."""
    set_up(convoy)
    environment.setattr("app.convoy.connecting.socket.getaddrinfo", resolved)
    api, handler = cold_start(), sys.modules["handler"]
    webhooks = invocation(handler.webhooks)
    yield GatewayClient(lambda event: (webhooks if to_the_customers(event) else api)(event))
    handler._webhooks().app.state.customers.close()


def to_the_customers(event: JsonObject) -> bool:
    """Whether the gateway's routes `/webhooks` and `/webhooks/{proxy+}` take the request."""
    stage = event["requestContext"]["stage"]
    path: str = event["rawPath"]
    if stage != "$default":
        path = path.removeprefix(f"/{stage}")
    return f"{path}/".startswith("/webhooks/")


def resolved(host: str, port: int, *_: object, **__: object) -> Sequence[Address]:
    return look_up(host, port)


@pytest.fixture(params=["asgi", "lambda_"])
def attacker(request: pytest.FixtureRequest) -> AttackClient:
    """Each client, one after the other."""
    found: AttackClient = request.getfixturevalue(request.param)
    return found
