from __future__ import annotations

import logging
import multiprocessing
import os
import secrets
from contextlib import ExitStack, closing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import boto3
import httpx
import pytest
from botocore.config import Config

# So that an assertion of a helper too shows both sides.
pytest.register_assert_rewrite(*(f"tests.{path.stem}" for path in Path(__file__).parent.iterdir()))

from moto import mock_aws
from starlette.testclient import TestClient

from app.http import application
from app.runtime import aws
from app.wiring.clients import DYNAMODB
from app.wiring.clients import dynamodb as dynamodb_client
from infra.fake_convoy import application as stand_in
from infra.fake_convoy import server
from infra.fake_convoy.deliveries import Backoff
from infra.fake_convoy.project import utc_now
from infra.local import dynamodb_local as dynamodb_server
from infra.local.tables import create_tables
from infra.package import build as package
from tests.integration.faults import dynamodb as moto_server
from tests.receiver import Receiver
from tests.support import (
    OWNER,
    PATIENCE_S,
    TABLES,
    Clock,
    Convoy,
    Outbox,
    TodoService,
    TodoStore,
    foreign,
    make_publisher,
    make_questions,
    make_service,
    make_store,
    missing,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.context import ForkServerContext

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.publisher import ConvoyPublisher
    from app.convoy.questions import Questions


PATIENT = DYNAMODB.merge(Config(read_timeout=60, retries={"total_max_attempts": 1}))
"""For a server whose first call loads moto, on a machine that may be busy: a call that is given up
and sent again can find its table made."""


def pytest_xdist_auto_num_workers() -> int:
    """One more than processors, since tests wait for processes and sockets; at most four."""
    return min((os.cpu_count() or 1) + 1, 4)


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


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    """Takes away what a test told the root logger: its stream ends with the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.fixture(scope="session")
def stand_in_convoy() -> Iterator[Convoy]:
    at_once, clock = Backoff(interval_s=0, limit=3), Clock()
    app = stand_in.build(backoff=at_once, clock=clock)
    with server.running(app) as url, httpx.Client(timeout=PATIENCE_S) as http:
        yield Convoy(url, http, clock)


@pytest.fixture
def convoy(stand_in_convoy: Convoy) -> Convoy:
    """An empty Convoy stand-in, over HTTP."""
    stand_in_convoy.clock.read = utc_now
    stand_in_convoy.reset()
    return stand_in_convoy


@pytest.fixture(scope="session")
def serving_receiver(stand_in_convoy: Convoy) -> Iterator[Receiver]:
    with Receiver.serving(stand_in_convoy) as receiver:
        yield receiver


@pytest.fixture
def receiver(serving_receiver: Receiver, convoy: Convoy) -> Receiver:
    """One that nothing has come to, and that nobody has subscribed."""
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
        yield client
        client.close()


@pytest.fixture(scope="session")
def processes() -> ForkServerContext:
    """Each is forked, in milliseconds, off one that has imported everything, and has no threads."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.integration.faults.warm"])
    return context


@pytest.fixture(scope="session")
def dynamodb_url(processes: ForkServerContext) -> Iterator[str]:
    """Moto's server, for other processes to share with the tests."""
    with moto_server.running(processes) as url:
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
    """The Lambda's zip for a target, built once; compiled for the Python that runs the tests."""

    @cache
    def build(target: package.Target) -> Path:
        out = tmp_path_factory.mktemp("package") / "todo.zip"
        native = target.python == package.Target.native().python
        package.build(target, out, compiled=native)
        return out

    return build


@pytest.fixture(scope="session")
def dynamodb_local_url() -> Iterator[str]:
    """DynamoDB Local, where this machine has what it takes."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(dynamodb_server.running())
        except dynamodb_server.Missing as error:
            missing("java", str(error))
        yield url


@pytest.fixture
def dynamodb_local(dynamodb_local_url: str, moto: DynamoDBClient) -> Iterator[DynamoDBClient]:
    """A client of DynamoDB Local. It keeps a database for each access key: this one is new."""
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
        # moto is active in this process, and must not be what answers.
        answer = client.list_tables()["ResponseMetadata"]["HTTPHeaders"]
        assert answer["server"].startswith("Jetty"), answer
        yield client


@pytest.fixture
def dynamodb(request: pytest.FixtureRequest) -> Iterator[DynamoDBClient]:
    """An empty DynamoDB with the tables of `infra/tables.yml`: moto, unless a test is given others.

    `@pytest.mark.parametrize("dynamodb", ["moto", "dynamodb_local"], indirect=True)` gives both.
    """
    client: DynamoDBClient = request.getfixturevalue(getattr(request, "param", "moto"))
    # By a test's clock nothing has expired, by DynamoDB Local's own all may have: it deletes within
    # a second.
    create_tables(client, TABLES, expiring=False)
    yield client
    for table in TABLES.values():
        client.delete_table(TableName=table)


@pytest.fixture
def store(dynamodb: DynamoDBClient) -> TodoStore:
    return make_store(dynamodb)


@pytest.fixture
def todo_service(dynamodb: DynamoDBClient, publisher: ConvoyPublisher) -> TodoService:
    return make_service(dynamodb, publisher)


@pytest.fixture
def client(todo_service: TodoService) -> Iterator[TestClient]:
    with TestClient(
        application.build([todo_service], lambda _: OWNER), raise_server_exceptions=False
    ) as client:
        yield client


@pytest.fixture
def outbox(dynamodb: DynamoDBClient) -> Outbox:
    return Outbox(dynamodb)
