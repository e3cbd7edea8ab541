from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

import httpx
import pytest
from moto import mock_aws
from starlette.testclient import TestClient

from app import api
from app.store import DynamoStore
from app.wiring import dynamodb as dynamodb_client
from infra.local import convoy as stand_in
from infra.local import server
from infra.local.tables import create_tables
from tests.support import OWNER, TABLES, Convoy, Outbox, foreign, make_publisher, service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.publisher import ConvoyPublisher
    from app.service import TodoService


@pytest.fixture(scope="session", autouse=True)
def _clean_environment() -> Iterator[None]:
    """No test reaches an account, a Convoy or a .env of the person who runs it."""
    with pytest.MonkeyPatch.context() as environment:
        for name in os.environ:
            if foreign(name):
                environment.delenv(name)
        environment.setenv("AWS_REGION", "eu-central-1")
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        environment.setenv("AWS_CONFIG_FILE", os.devnull)
        environment.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        yield


@pytest.fixture(scope="session")
def stand_in_convoy() -> Iterator[Convoy]:
    with server.running(stand_in.build()) as url, httpx.Client() as http:
        yield Convoy(url, http)


@pytest.fixture
def convoy(stand_in_convoy: Convoy) -> Convoy:
    """An empty Convoy stand-in, over HTTP."""
    stand_in_convoy.reset()
    return stand_in_convoy


@pytest.fixture
def publisher(convoy: Convoy) -> Iterator[ConvoyPublisher]:
    with closing(make_publisher(convoy.api)) as publisher:
        yield publisher


@pytest.fixture(scope="session")
def moto() -> Iterator[DynamoDBClient]:
    with mock_aws():
        client = dynamodb_client()
        yield client
        client.close()


@pytest.fixture
def dynamodb(moto: DynamoDBClient) -> Iterator[DynamoDBClient]:
    """DynamoDB by moto, with the empty tables of `infra/tables.yml`."""
    create_tables(moto, TABLES)
    yield moto
    for table in TABLES.values():
        moto.delete_table(TableName=table)


@pytest.fixture
def store(dynamodb: DynamoDBClient) -> DynamoStore:
    return DynamoStore(
        dynamodb,
        todos_table=TABLES["TodosTable"],
        outbox_table=TABLES["OutboxTable"],
        sleep=lambda _: None,
    )


@pytest.fixture
def todo_service(store: DynamoStore, publisher: ConvoyPublisher) -> TodoService:
    return service(store, publisher)


@pytest.fixture
def client(todo_service: TodoService) -> Iterator[TestClient]:
    with TestClient(
        api.build(todo_service, lambda _: OWNER), raise_server_exceptions=False
    ) as client:
        yield client


@pytest.fixture
def outbox(dynamodb: DynamoDBClient) -> Outbox:
    return Outbox(dynamodb)
