from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from examples.receiver_lambda.receiver import clients
from infra.fake_convoy import server
from tests.integration.receivers.implementations import IMPLEMENTATIONS
from tests.integration.receivers.lambda_world import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.integration.receivers.implementations import Implementation


@pytest.fixture(scope="session", params=IMPLEMENTATIONS)
def implementation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Implementation:
    """The example receiver in each language."""
    name: str = request.param
    return IMPLEMENTATIONS[name](tmp_path_factory.mktemp(name))


@pytest.fixture
def environ() -> Iterator[pytest.MonkeyPatch]:
    clients.client.cache_clear()
    clients._read_secret.cache_clear()
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("AWS_DEFAULT_REGION", "eu-central-1")  # as on Lambda
        yield environ
    clients.client.cache_clear()
    clients._read_secret.cache_clear()


@pytest.fixture
def place(dynamodb: DynamoDBClient, environ: pytest.MonkeyPatch) -> Iterator[Place]:
    place = Place(dynamodb, environ)
    with server.running(place.api.app()) as url:
        place.serving(url)
        yield place
