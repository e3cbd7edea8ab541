"""The function's cold start, its scheduled relay and its logs."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import boto3
import pytest

from app.dynamodb.store import DynamoStore
from app.outbox.metrics import hashed
from infra.fake_convoy.project import API_KEY
from tests.integration.lambda_.due import make_due
from tests.integration.lambda_.gateways import Context, request
from tests.tables import Outbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.integration.lambda_.gateways import Invoke
    from tests.stand_in import Convoy
    from tests.support import JsonObject


def test_a_cold_start_without_settings_names_what_is_missing(
    environment: pytest.MonkeyPatch, cold_start: Callable[[], Invoke]
) -> None:
    environment.delenv("RESOURCES_TABLE")

    with pytest.raises(Exception, match="RESOURCES_TABLE is not set"):
        cold_start()


def test_without_its_api_key_the_function_answers_and_events_wait(
    environment: pytest.MonkeyPatch, cold_start: Callable[[], Invoke]
) -> None:
    environment.delenv("CONVOY_API_KEY")
    environment.setenv("CONVOY_API_KEY_SECRET", "todo/convoy")
    environment.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:9")
    environment.setenv("SIGN_IN", "anonymous")
    call = cold_start()

    created = call(request("http_api_v2", "POST", "/todo", '{"id": 1, "item": "x"}'))
    read = call(request("http_api_v2", "GET", "/todo/1"))

    assert (created["statusCode"], read["statusCode"]) == (201, 200)
    assert created["headers"]["webhook-status"] == "pending"


def test_clients_are_built_at_the_cold_start_and_kept(
    call: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a client was built during a request")

    monkeypatch.setattr("botocore.session.Session.create_client", forbidden)
    monkeypatch.setattr("app.convoy.transport.DeadlineTransport.__init__", forbidden)

    assert call(request("http_api_v2", "GET", "/"))["statusCode"] == 200
    assert call(request("http_api_v2", "GET", "/todo"))["statusCode"] == 200


def test_a_request_on_an_open_connection_starts_no_thread(
    call: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call(request("http_api_v2", "GET", "/"))["statusCode"] == 200

    def forbidden(*_: object) -> None:
        raise AssertionError("a thread was started")

    monkeypatch.setattr("threading.Thread.start", forbidden)

    for method, path, body, status in (
        ("POST", "/todo", '{"id": 1, "item": "x"}', 201),
        ("POST", "/todo", '{"id": 1, "item": "x"}', 409),
        ("PUT", "/todo/1", '{"item": "y"}', 200),
        ("PUT", "/todo/1", "{}", 422),
        ("GET", "/todo/1", None, 200),
        ("GET", "/todo", None, 200),
        ("DELETE", "/todo/1", None, 200),
        ("GET", "/todo/1", None, 404),
        ("GET", "/", None, 200),
    ):
        assert call(request("http_api_v2", method, path, body))["statusCode"] == status


def test_the_scheduled_relay_publishes_then_settles_and_reports(
    environment: pytest.MonkeyPatch,
    call: Invoke,
    convoy: Convoy,
    dynamodb: DynamoDBClient,
    capsys: pytest.CaptureFixture[str],
) -> None:
    convoy.fail(status=503)
    pending = call(request("http_api_v2", "POST", "/todo", '{"id": 1, "item": "x"}'))
    assert pending["headers"]["webhook-status"] == "pending"
    convoy.recover()
    make_due(dynamodb)
    capsys.readouterr()

    first = sys.modules["handler"].relay({}, Context())
    convoy.deliveries()
    second = sys.modules["handler"].relay({}, Context())

    assert (first["published"], first["settled"], first["pending"]) == (1, 0, 1)
    assert (second["published"], second["settled"], second["pending"]) == (0, 1, 0)
    keys = [event["idempotency_key"] for event in convoy.events()]
    assert keys == [pending["headers"]["webhook-id"]]
    assert Outbox(dynamodb).event_ids() == []
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    metrics = [line for line in lines if "Settled" in line]
    assert [(each["Settled"], each["OutboxDepth"]) for each in metrics] == [(0, 1), (1, 0)]


def test_the_relays_log_lines_have_its_requests_id(
    environment: pytest.MonkeyPatch,
    cold_start: Callable[[], Invoke],
    convoy: Convoy,
    dynamodb: DynamoDBClient,
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment.setenv("SIGN_IN", "anonymous")
    convoy.fail(status=400, path="/events/fanout")
    cold_start()(request("http_api_v2", "POST", "/todo", '{"id": 1, "item": "x"}'))
    make_due(dynamodb)

    assert sys.modules["handler"].relay({}, Context())["pending"] == 1

    (refused,) = logged_by("app.outbox.relay_attempts", capsys.readouterr().out)
    assert refused["request_id"] == "request-1"


def test_skipped_attempts_of_an_outage_are_counted_too(
    call: Invoke, convoy: Convoy, capsys: pytest.CaptureFixture[str]
) -> None:
    convoy.fail(status=503)
    for _ in range(3):
        call(request("http_api_v2", "POST", "/todo", '{"item": "x"}'))

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    outcomes = [line["outcome"] for line in lines if "PublishLatency" in line]
    assert outcomes == ["unavailable", "skipped", "skipped"]


def logged_by(logger: str, out: str) -> list[JsonObject]:
    lines = [json.loads(line) for line in out.splitlines()]
    return [line for line in lines if line.get("logger") == logger]


def test_metrics_have_the_configured_namespace(
    environment: pytest.MonkeyPatch,
    cold_start: Callable[[], Invoke],
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment.setenv("SIGN_IN", "anonymous")
    environment.setenv("METRICS_NAMESPACE", "TodoConvoy-dev")

    cold_start()(request("http_api_v2", "GET", "/"))

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (metrics,) = [line for line in lines if "PublishLatency" in line]
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "TodoConvoy-dev"


def test_log_lines_are_json_with_ids_and_without_a_todos_text(
    environment: pytest.MonkeyPatch,
    cold_start: Callable[[], Invoke],
    convoy: Convoy,
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment.setenv("SIGN_IN", "anonymous")
    cold_start()
    convoy.fail(status=400)
    event = request("http_api_v2", "POST", "/todo", '{"id": 1, "item": "a secret present"}')

    answer = sys.modules["handler"].api(event, Context())

    out = capsys.readouterr().out
    (postponed,) = logged_by("app.outbox.request_attempt", out)
    assert postponed["level"] == "WARNING"
    assert postponed["request_id"] == "request-1"
    assert postponed["event_id"] == answer["headers"]["webhook-id"]
    assert postponed["reason"] == "400: injected fault"
    assert "secret present" not in out
    assert API_KEY not in out


def test_an_internal_error_is_logged_once_under_its_requests_id(
    environment: pytest.MonkeyPatch,
    cold_start: Callable[[], Invoke],
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the store broke")

    environment.setenv("SIGN_IN", "anonymous")
    environment.setattr(DynamoStore, "commit", broken)

    answer = cold_start()(request("http_api_v2", "POST", "/todo", '{"id": 1, "item": "x"}'))

    assert answer["statusCode"] == 500
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (fault,) = [line for line in lines if "the store broke" in line.get("exc_info", "")]
    assert fault["request_id"] == "request-1"


ATTEMPT = ["outcome", "event_type", "event_id", "resource", "owner", "actor", "request_id"]
"""The properties of an attempt's metric."""


def attempts(out: str) -> list[list[object]]:
    lines = [json.loads(line) for line in out.splitlines()]
    return [[line[name] for name in ATTEMPT] for line in lines if "PublishLatency" in line]


def test_a_successful_change_leaves_one_line_that_names_it(
    environment: pytest.MonkeyPatch,
    cold_start: Callable[[], Invoke],
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment.setenv("OWNER_CLAIM", "org_id")
    environment.setattr(boto3, "DEFAULT_SESSION", None)  # botocore logs where it finds credentials
    event = request("http_api_v2", "POST", "/todo", '{"id": 7, "item": "x"}')
    claims = {"sub": "ann@planted.example", "org_id": "planted"}
    event["requestContext"]["authorizer"] = {"jwt": {"claims": claims}}

    answer = cold_start()(event)

    out = capsys.readouterr().out
    event_id = answer["headers"]["webhook-id"]
    assert answer["headers"]["webhook-status"] == "accepted"
    assert attempts(out) == [
        ["accepted", "created", event_id, "todo/7", hashed("planted"),
         hashed("ann@planted.example"), "request-1"],
    ]  # fmt: skip
    assert len(out.splitlines()) == 1
    assert "planted" not in out


def test_an_actor_ends_with_its_request(
    cold_start: Callable[[], Invoke],
    convoy: Convoy,
    dynamodb: DynamoDBClient,
    capsys: pytest.CaptureFixture[str],
) -> None:
    convoy.fail(status=503)
    event = request("http_api_v2", "POST", "/todo", '{"id": 7, "item": "x"}')
    event["requestContext"]["authorizer"] = {"jwt": {"claims": {"sub": "ann"}}}
    cold_start()(event)
    convoy.recover()
    make_due(dynamodb)

    sys.modules["handler"].relay({}, Context())

    actors = [attempt[ATTEMPT.index("actor")] for attempt in attempts(capsys.readouterr().out)]
    assert actors == [hashed("ann"), None]


def test_a_failed_attempt_and_the_relays_name_the_resource_too(
    call: Invoke,
    convoy: Convoy,
    dynamodb: DynamoDBClient,
    capsys: pytest.CaptureFixture[str],
) -> None:
    convoy.fail(status=503)
    answer = call(request("http_api_v2", "POST", "/todo", '{"id": 7, "item": "x"}'))
    convoy.recover()
    make_due(dynamodb)

    sys.modules["handler"].relay({}, Context())

    event_id = answer["headers"]["webhook-id"]
    about = ["created", event_id, "todo/7", hashed("everyone"), None, "request-1"]
    found = attempts(capsys.readouterr().out)
    assert found == [["unavailable", *about], ["accepted", *about]]
