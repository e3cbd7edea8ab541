"""A traced request tells X-Ray's daemon of each call; without tracing there is nothing of it."""

from __future__ import annotations

import json
import socket
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from app.convoy.api_key import ApiKey
from app.convoy.connections import Origin, Request
from app.domain.events import Event
from app.runtime.xray import MAX_CALLS, Tracer
from app.settings import Settings
from app.wiring.api import Components
from app.wiring.clients import dynamodb as make_client
from app.wiring.clients import tracer
from app.wiring.convoy import publisher_of
from tests.stand_in import deployment
from tests.support import NOW, OWNER
from tests.tables import TABLES
from tests.todo import TODO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.stand_in import Convoy
    from tests.support import JsonObject

TRACE = "1-5759e988-bd862e3fe1be46a994272793"
PARENT = "53995c3f42cd8ad8"
TRACED = f"Root={TRACE};Parent={PARENT};Sampled=1;Lineage=1:a1b2c3:0"
TEXT = "Buy a ring"
CONVOY = Origin("https", "convoy.example", 443)


class Daemon:
    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.address = "{}:{}".format(*listener.getsockname())

    def segments(self) -> list[JsonObject]:
        """All so far: on loopback a datagram has arrived when it is sent."""
        found: list[JsonObject] = []
        while True:
            try:
                header, _, segment = self._listener.recv(65536).partition(b"\n")
            except BlockingIOError:
                return found
            assert json.loads(header) == {"format": "json", "version": 1}
            found.append(json.loads(segment))


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(0)
        yield Daemon(listener)


@pytest.fixture(autouse=True)
def _environment(daemon: Daemon, convoy: Convoy, monkeypatch: pytest.MonkeyPatch) -> None:
    lambdas = {"_X_AMZN_TRACE_ID": TRACED, "AWS_XRAY_DAEMON_ADDRESS": daemon.address}
    for name, value in (deployment(convoy, OWNER) | lambdas).items():
        monkeypatch.setenv(name, value)


def _change_a_todo(**settings: Any) -> None:
    loaded = Settings.load().model_copy(update=settings)
    with closing(Components.build(loaded)) as components:
        components.service(TODO).create(OWNER, 1, {"item": TEXT})


def test_a_change_shows_its_commit_and_its_publish_and_nothing_of_the_todo(
    daemon: Daemon, dynamodb: DynamoDBClient, convoy: Convoy
) -> None:
    del dynamodb  # its tables
    _change_a_todo(tracing="Active")

    commit, publish = daemon.segments()
    for segment in (commit, publish):
        assert (segment["trace_id"], segment["parent_id"]) == (TRACE, PARENT)
        assert segment["type"] == "subsegment"
        assert 0 < segment["start_time"] <= segment["end_time"]
    assert (commit["name"], commit["namespace"]) == ("DynamoDB", "aws")
    assert commit["aws"] == {"operation": "TransactWriteItems"}
    assert commit["http"] == {"response": {"status": 200}}
    assert (publish["name"], publish["namespace"]) == ("127.0.0.1", "remote")
    assert publish["http"]["request"]["method"] == "POST"
    assert publish["http"]["request"]["url"].endswith("/events/fanout")
    assert publish["http"]["response"] == {"status": 201}
    assert len({commit["id"], publish["id"]}) == 2
    assert not any(each in json.dumps([commit, publish]) for each in (TEXT, OWNER, "key"))


def test_without_tracing_nothing_is_sent_or_imported(
    daemon: Daemon, dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    del dynamodb
    monkeypatch.delitem(sys.modules, "app.runtime.xray")
    tracer.cache_clear()

    _change_a_todo()

    assert daemon.segments() == []
    assert "app.runtime.xray" not in sys.modules


@pytest.mark.parametrize(
    "header", ["", TRACED.replace("Sampled=1", "Sampled=0"), "Sampled=1", "Root=1-2;Sampled=1"]
)
def test_a_request_that_is_not_traced_sends_nothing(header: str, daemon: Daemon) -> None:
    _send({"_X_AMZN_TRACE_ID": header, "AWS_XRAY_DAEMON_ADDRESS": daemon.address})

    assert daemon.segments() == []


def test_a_refused_call_is_marked(daemon: Daemon, dynamodb: DynamoDBClient) -> None:
    del dynamodb
    client = make_client(Settings.load().model_copy(update={"tracing": "Active"}))
    missing = {"owner": {"S": "a"}, "key": {"S": "k"}}

    with closing(client), pytest.raises(ClientError):
        client.get_item(TableName=TABLES["ResourcesTable"], Key=missing)

    (segment,) = daemon.segments()
    assert (segment["error"], segment["throttle"]) == (True, False)
    assert segment["http"] == {"response": {"status": 400}}


@pytest.mark.parametrize(
    ("status", "marks"), [(429, {"error", "throttle"}), (400, {"error"}), (503, {"fault"})]
)
def test_a_publish_that_convoy_refuses_is_marked(
    status: int, marks: set[str], daemon: Daemon, dynamodb: DynamoDBClient, convoy: Convoy
) -> None:
    del dynamodb
    convoy.fail(status=status)

    _change_a_todo(tracing="Active")

    (publish,) = [each for each in daemon.segments() if each["namespace"] == "remote"]
    assert publish["http"]["response"] == {"status": status}
    assert {mark for mark in ("error", "fault", "throttle") if publish.get(mark)} == marks


def test_a_call_without_an_answer_is_a_fault_without_its_message(daemon: Daemon) -> None:
    nowhere = "http://127.0.0.1:9"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL_DYNAMODB", nowhere)
        settings = Settings.load().model_copy(
            update={"tracing": "Active", "convoy_base_url": f"{nowhere}/api"}
        )
        with closing(make_client(settings)) as client, pytest.raises(BotoCoreError):
            client.get_item(TableName="t", Key={})
        with closing(publisher_of(settings, ApiKey("secret"))) as publisher:
            publisher.publish(Event("event-1", OWNER, "created", NOW, {}))

    segments = daemon.segments()
    assert [each["name"] for each in segments] == ["DynamoDB", "127.0.0.1"]
    for segment in segments:
        (cause,) = segment["cause"]["exceptions"]
        assert segment["fault"] is True
        assert cause.keys() == {"id", "type", "remote"}
    assert "secret" not in json.dumps(segments)


def test_of_one_trace_so_many_calls_are_sent_and_of_the_next_one_again(daemon: Daemon) -> None:
    environment = {"_X_AMZN_TRACE_ID": TRACED, "AWS_XRAY_DAEMON_ADDRESS": daemon.address}
    send = Tracer(environment, lambda: 1.0).around(lambda _: httpx.Response(200))
    request = Request("GET", CONVOY, "/api/v1?key=secret", [])

    for _ in range(MAX_CALLS + 5):
        send(request)
    assert len(daemon.segments()) == MAX_CALLS
    environment["_X_AMZN_TRACE_ID"] = TRACED.replace(TRACE, "1-58406520-a006649127e371903a2de979")
    send(request)

    (segment,) = daemon.segments()
    assert segment["http"]["request"]["url"] == "https://convoy.example/api/v1"


def _send(environment: dict[str, str]) -> httpx.Response:
    send = Tracer(environment).around(lambda _: httpx.Response(200))
    return send(Request("GET", CONVOY, "/api", []))


@pytest.mark.parametrize("address", [None, "", "127.0.0.1:none"])
def test_a_trace_that_cant_be_sent_is_logged_and_fails_no_call(
    address: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    environment = {"_X_AMZN_TRACE_ID": TRACED}
    if address is not None:
        environment["AWS_XRAY_DAEMON_ADDRESS"] = address

    assert _send(environment).status_code == 200
    assert [record.message.partition(":")[0] for record in caplog.records] == ["trace lost"]
