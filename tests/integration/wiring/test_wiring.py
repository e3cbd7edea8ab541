"""The components that `uvicorn` gets, outside Lambda."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast, get_type_hints

import pytest
from botocore.config import Config
from starlette.testclient import TestClient

from app.cli.relay import relay
from app.convoy.questions import DEADLINE_S
from app.dynamodb.store import DynamoStore
from app.runtime import aws
from app.settings import Settings
from app.wiring import api as wiring
from app.wiring import clients
from app.wiring.relay import RelayComponents
from tests.raw_server import raw_server, read_request
from tests.stand_in import deployment
from tests.support import PATIENCE_S
from tests.todo import TODO

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.stand_in import Convoy


def test_outside_lambda_each_logged_error_has_its_requests_id(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    convoy: Convoy,
    dynamodb: DynamoDBClient,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the store broke")

    monkeypatch.chdir(tmp_path)
    for name, value in deployment(convoy, "house").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(DynamoStore, "commit", broken)
    app = wiring.local_api()

    with (
        TestClient(app, raise_server_exceptions=False) as client,
        closing(app.app.state.services[0].delivery.publisher.inner.inner),
    ):
        for _ in range(2):
            assert client.post("/todo", json={"item": "x"}).status_code == 500

    faults = [line for line in capsys.readouterr().out.splitlines() if "the store broke" in line]
    assert len({json.loads(line)["request_id"] for line in faults} - {None}) == 2


def test_a_pass_reserves_time_for_an_attempt_a_question_and_a_write(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, convoy: Convoy
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (deployment(convoy, "house") | {"CONVOY_DEADLINE_S": "7"}).items():
        monkeypatch.setenv(name, value)
    config: Any = clients.DYNAMODB
    attempts, pause_s = config.retries["total_max_attempts"], 1.0
    write_s = attempts * (config.connect_timeout + config.read_timeout) + (attempts - 1) * pause_s

    with (
        closing(wiring.Components.build(Settings.load())) as components,
        closing(RelayComponents.build(components)) as built,
    ):
        assert built.relay.reserve_s == 7 + DEADLINE_S + write_s


@pytest.mark.parametrize(("publish_reads", "published"), [("true", 2), ("false", 0)])
def test_outside_lambda_the_app_id_owns_all_and_publish_reads_counts(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    convoy: Convoy,
    dynamodb: DynamoDBClient,
    publish_reads: str,
    published: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in deployment(convoy, "house").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PUBLISH_READS", publish_reads)
    app = wiring.local_api()

    with (
        TestClient(app) as client,
        closing(app.app.state.services[0].delivery.publisher.inner.inner),
    ):
        assert client.get("/").status_code == 200
        assert client.get("/todo").status_code == 200
        created = client.post("/todo", json={"item": "x"})

    assert 0 <= created.json()["id"] < 2**53
    assert len(created.headers["webhook-id"]) == 36
    owners = [event["owner_id"] for event in convoy.events()]
    assert owners == ["house"] * (published + 1)


def test_the_local_api_names_the_missing_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit, match=r"^error: CONVOY_API_KEY: neither it nor CONVOY_API_KEY_"):
        wiring.local_api()


def test_one_services_outage_spares_the_others_attempts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, convoy: Convoy, dynamodb: DynamoDBClient
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in deployment(convoy, "house").items():
        monkeypatch.setenv(name, value)
    with closing(wiring.Components.build(Settings.load())) as components:
        convoy.fail(status=503)
        met = components.service(TODO).create("house", 1, {"item": "x"})
        convoy.recover()
        spared = components.service(TODO).create("house", 2, {"item": "x"})

    assert not met.accepted
    assert not spared.accepted
    assert convoy.events() == []


def test_each_thread_of_a_relay_may_have_a_connection_to_dynamodb(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (option,) = get_type_hints(relay, include_extras=True)["workers"].__metadata__
    threads = option.max * 2 + 1
    all_asked = threading.Barrier(threads)

    def answer(connection: socket.socket) -> None:
        while read_request(connection):
            all_asked.wait(PATIENCE_S)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")

    with raw_server(answer) as url, ThreadPoolExecutor(threads) as pool:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", url)
        wait = Config(connect_timeout=PATIENCE_S, read_timeout=PATIENCE_S)
        with closing(
            cast("DynamoDBClient", aws.client("dynamodb", clients.DYNAMODB.merge(wait)))
        ) as client:
            list(pool.map(lambda _: client.get_item(TableName="t", Key={}), range(threads)))

    assert caplog.messages == []
