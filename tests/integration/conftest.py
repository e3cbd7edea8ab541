"""Servers and clients of the tests: the stand-in for Convoy, DynamoDB, the API."""

from __future__ import annotations

import multiprocessing
import secrets
from contextlib import ExitStack, closing
from functools import cache
from typing import TYPE_CHECKING, cast

import boto3
import httpx
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from moto import mock_aws
from starlette.testclient import TestClient
from typer import testing as typer_testing
from typer.main import get_command

from app.http import application
from app.runtime import aws
from app.wiring.clients import DYNAMODB
from app.wiring.clients import dynamodb as dynamodb_client
from infra.fake_convoy import application as stand_in
from infra.fake_convoy import server
from infra.fake_convoy.deliveries import Backoff
from infra.fake_convoy.project import utc_now
from infra.local.dynamodb_local import Missing
from infra.local.tables import create_tables
from infra.package import build as package
from tests import dynamodb_server
from tests.built_once import built_once
from tests.components import make_event_log, make_publisher, make_questions, make_service
from tests.integration import models, moto_tables
from tests.integration.e2e.stacks import Stacks
from tests.integration.faults import dynamodb as moto_server
from tests.receiver import Receiver
from tests.shared import shared_folder
from tests.stand_in import Convoy, InProcess, StandInClock
from tests.support import OWNER, PATIENCE_S, missing
from tests.tables import TABLES, Outbox, make_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.context import ForkServerContext
    from pathlib import Path

    from fastapi import FastAPI
    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.publisher import ConvoyPublisher
    from app.convoy.questions import Questions
    from app.domain.event_log import EventLog
    from tests.components import TodoService
    from tests.tables import TodoStore


PATIENT = DYNAMODB.merge(Config(read_timeout=60, retries={"total_max_attempts": 1}))
"""For a server that imports moto at its first call, on a busy machine. A call that timed out and
was sent again would find that its own first attempt had created the table."""


@pytest.fixture(scope="session", autouse=True)
def _models_read_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        models.read_once(patch)
        patch.setattr(typer_testing, "_get_command", cache(get_command))  # 40 ms at each call
        moto_tables.make_quick(patch)
        yield


@pytest.fixture(scope="session")
def stand_in_convoy() -> Iterator[Convoy]:
    at_once, clock = Backoff(interval_s=0, limit=3), StandInClock()
    # An attempt that fails because the machine is busy would be made twice.
    app = stand_in.build(backoff=at_once, clock=clock, timeout_s=PATIENCE_S)
    with server.running(app) as url, httpx.Client(transport=InProcess(app)) as http:
        httpx.get(url, timeout=PATIENCE_S)  # as soon as the server has started
        yield Convoy(url, http, clock)


@pytest.fixture
def convoy(stand_in_convoy: Convoy) -> Convoy:
    """An empty stand-in for Convoy, over HTTP."""
    stand_in_convoy.clock.read = utc_now
    stand_in_convoy.reset()
    return stand_in_convoy


@pytest.fixture(scope="session")
def serving_receiver(stand_in_convoy: Convoy) -> Iterator[Receiver]:
    with Receiver.serving(stand_in_convoy) as receiver:
        yield receiver


@pytest.fixture
def receiver(serving_receiver: Receiver, convoy: Convoy) -> Receiver:
    """A receiver without arrivals and subscriptions."""
    serving_receiver.clear()
    return serving_receiver


@pytest.fixture
def publisher(convoy: Convoy) -> Iterator[ConvoyPublisher]:
    with closing(make_publisher(convoy.api)) as publisher:
        yield publisher


@pytest.fixture
def questions(convoy: Convoy) -> Iterator[Questions]:
    with closing(make_questions(convoy.api)) as questions:
        yield questions


@pytest.fixture(scope="session")
def moto() -> Iterator[DynamoDBClient]:
    with mock_aws():
        client = dynamodb_client()
        # moto reads no signature. To sign takes a fifth of a call.
        client.meta.events.register("choose-signer.dynamodb", lambda **_: UNSIGNED)
        yield client
        client.close()


@pytest.fixture(scope="session")
def processes() -> ForkServerContext:
    """Forks each process, in milliseconds, from one that has every import and no thread."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.integration.faults.warm"])
    return context


@pytest.fixture(scope="session")
def dynamodb_url(processes: ForkServerContext) -> Iterator[str]:
    """Moto's server, which other processes share with the tests."""
    with moto_server.in_a_process(processes) as url:
        yield url


@pytest.fixture(scope="session")
def moto_over_http(dynamodb_url: str) -> Iterator[DynamoDBClient]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb_url)
        client = cast("DynamoDBClient", aws.client("dynamodb", PATIENT))
    yield client
    client.close()


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Callable[[package.Target], Path]:
    """Builds the Lambda's zip once for each target. Compiles it if the target has this Python."""

    @cache
    def build(target: package.Target) -> Path:
        native = target.python == package.Target.native().python
        with shared_folder(tmp_path_factory, "zip", target) as (folder, is_new):
            out = folder / "todo.zip"
            if is_new:
                package.build(target, out, compiled=native)
        return out

    return build


@pytest.fixture(scope="session")
def stacks() -> Iterator[Stacks]:
    with ExitStack() as ended_with:
        yield Stacks(ended_with)


@pytest.fixture(scope="session")
def dynamodb_local_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """DynamoDB Local. Skips the test on a machine without Maven or Java."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(dynamodb_server.url(pytestconfig))
        except Missing as error:
            missing("java", str(error))
        yield url


@pytest.fixture
def dynamodb_local(dynamodb_local_url: str, moto: DynamoDBClient) -> Iterator[DynamoDBClient]:
    """A client with a new database: DynamoDB Local has a database for each access key."""
    with closing(
        boto3.client(
            "dynamodb",
            region_name="eu-central-1",
            endpoint_url=dynamodb_local_url,
            aws_access_key_id=secrets.token_hex(8),
            aws_secret_access_key="x",  # noqa: S106
            config=DYNAMODB,
        )
    ) as client:
        # moto is active in this process too: check that DynamoDB Local answers.
        answer = client.list_tables()["ResponseMetadata"]["HTTPHeaders"]
        assert answer["server"].startswith("Jetty"), answer
        yield client


@pytest.fixture
def dynamodb(request: pytest.FixtureRequest) -> Iterator[DynamoDBClient]:
    """An empty DynamoDB with the tables of `infra/tables.yml`: moto by default.

    `@pytest.mark.parametrize("dynamodb", ["moto", "dynamodb_local"], indirect=True)` runs a test
    with both.
    """
    name = getattr(request, "param", "moto")
    client: DynamoDBClient = request.getfixturevalue(name)
    if client.meta.endpoint_url.endswith(".amazonaws.com"):  # moto answers in this process
        with moto_tables.new_tables(client):
            yield client
        return
    # DynamoDB Local deletes expired items within a second, by its own clock, not by the test's.
    create_tables(client, TABLES, expiring=False)
    yield client
    if name != "dynamodb_local":  # the next test has a new database there
        for table in TABLES.values():
            client.delete_table(TableName=table)


@pytest.fixture
def store(dynamodb: DynamoDBClient) -> TodoStore:
    return make_store(dynamodb)


@pytest.fixture
def todo_service(dynamodb: DynamoDBClient, publisher: ConvoyPublisher) -> TodoService:
    return make_service(dynamodb, publisher)


def _app(service: TodoService, log: EventLog) -> FastAPI:
    return application.build([service], lambda _: OWNER, log=log)


@pytest.fixture
def client(todo_service: TodoService, dynamodb: DynamoDBClient) -> Iterator[TestClient]:
    with (
        built_once(_app, todo_service, make_event_log(dynamodb)) as app,
        TestClient(app, raise_server_exceptions=False) as client,
    ):
        yield client


@pytest.fixture
def outbox(dynamodb: DynamoDBClient) -> Outbox:
    return Outbox(dynamodb)
