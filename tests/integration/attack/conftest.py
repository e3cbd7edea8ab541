"""What is attacked, by either way in; and the count of it all."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING

import pytest

from app.http import application, gateway
from tests.integration.attack.ways import Asgi, Gateway, Way
from tests.integration.lambda_.conftest import cold_start, environment
from tests.support import make_service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.publisher import ConvoyPublisher
    from tests.integration.lambda_.gateways import Invoke

__all__ = ["cold_start", "environment"]


@pytest.fixture
def asgi(dynamodb: DynamoDBClient, publisher: ConvoyPublisher) -> Iterator[Way]:
    ids = count(2**40)
    service = make_service(dynamodb, publisher, new_id=lambda: next(ids))
    with asyncio.Runner() as loop:
        yield Asgi(application.build([service], gateway.owner_of), loop)


@pytest.fixture
def lambda_(cold_start: Callable[[], Invoke]) -> Way:
    return Gateway(cold_start())


@pytest.fixture(params=["asgi", "lambda_"])
def way(request: pytest.FixtureRequest) -> Way:
    """Each way in, in turn."""
    found: Way = request.getfixturevalue(request.param)
    return found
