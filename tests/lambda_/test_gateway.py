"""Real events of API Gateway and of a load balancer, through the handler that Lambda calls."""

from __future__ import annotations

import base64
import copy
import importlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from infra.local import convoy as stand_in
from tests.support import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.support import Convoy

    Invoke = Callable[[dict[str, Any]], dict[str, Any]]

Json = dict[str, Any]

EVENTS = {
    path.stem: json.loads(path.read_text()) for path in Path(__file__).parent.glob("events/*")
}


@pytest.fixture
def environment(
    monkeypatch: pytest.MonkeyPatch, convoy: Convoy, dynamodb: DynamoDBClient, tmp_path: Path
) -> pytest.MonkeyPatch:
    """What a deployment sets."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVOY_API_KEY", stand_in.API_KEY)
    monkeypatch.setenv("CONVOY_APP_ID", "everyone")
    monkeypatch.setenv("CONVOY_PROJECT_ID", "p")
    monkeypatch.setenv("CONVOY_BASE_URL", convoy.api)
    monkeypatch.setenv("TODOS_TABLE", TABLES["TodosTable"])
    monkeypatch.setenv("OUTBOX_TABLE", TABLES["OutboxTable"])
    return monkeypatch


@pytest.fixture
def cold_start(environment: pytest.MonkeyPatch) -> Iterator[Callable[[], Invoke]]:
    """Imports the handler anew, as a new instance of the function does; gives its invocation."""
    services: list[Any] = []

    def start() -> Invoke:
        sys.modules.pop("handler", None)
        handler = importlib.import_module("handler")
        services.append(handler.api.app.state.service)

        def invoke(event: Json) -> Json:
            answer: Json = handler.api(event, None)
            answer["headers"] = {name.lower(): value for name, value in answer["headers"].items()}
            assert answer["isBase64Encoded"] is False
            return answer

        return invoke

    yield start
    for service in services:
        service.delivery.publisher.close()


@pytest.fixture
def call(environment: pytest.MonkeyPatch, cold_start: Callable[[], Invoke]) -> Invoke:
    """Invokes a deployment that serves anonymous requests."""
    environment.setenv("ALLOW_ANONYMOUS", "true")
    return cold_start()


def request(
    kind: str, method: str, path: str, body: str | None = None, query: Json | None = None
) -> Json:
    """The event that a request becomes."""
    event: Json = copy.deepcopy(EVENTS[kind])
    event["body"] = body
    if kind == "http_api_v2":
        event["rawPath"] = path
        event["rawQueryString"] = "&".join(f"{k}={v}" for k, v in (query or {}).items())
        event["requestContext"]["http"] |= {"method": method, "path": path}
        if body is None:
            del event["body"]
    else:
        event |= {"httpMethod": method, "path": path, "queryStringParameters": query}
        if kind != "alb":
            event["multiValueQueryStringParameters"] = {k: [v] for k, v in (query or {}).items()}
        else:
            event["queryStringParameters"] = query or {}
    return event


@pytest.mark.parametrize("kind", EVENTS)
def test_every_call_of_the_contract_works_behind_every_gateway(
    call: Invoke, convoy: Convoy, kind: str
) -> None:
    answers = [
        call(request(kind, "GET", "/")),
        call(request(kind, "POST", "/todo", '{"id": 1, "item": "ä"}')),
        call(request(kind, "GET", "/todo/1")),
        call(request(kind, "PUT", "/todo/1", '{"item": "ö"}')),
        call(request(kind, "GET", "/todo", query={"limit": "5"})),
        call(request(kind, "DELETE", "/todo/1")),
        call(request(kind, "DELETE", "/todo/1")),
    ]

    assert [(answer["statusCode"], json.loads(answer["body"])) for answer in answers] == [
        (200, {"message": "Wilkomen!"}),
        (201, {"data": ["Todo added."]}),
        (200, {"data": {"id": 1, "item": "ä", "completed": False, "version": 1}}),
        (200, {"data": "Todo with id 1 has been updated."}),
        (200, {"data": [{"id": 1, "item": "ö", "completed": False, "version": 2}]}),
        (200, {"data": "Todo with id 1 has been removed."}),
        (404, {"data": "Todo with id 1 not found."}),
    ]
    assert [event["event_type"] for event in convoy.events()] == [
        "ping", "created", "retrieved", "updated", "retrieved", "deleted", "failed",
    ]  # fmt: skip
    assert {event["owner_id"] for event in convoy.events()} == {"everyone"}


@pytest.mark.parametrize("kind", EVENTS)
def test_a_base64_body_is_decoded(call: Invoke, kind: str) -> None:
    event = request(kind, "POST", "/todo", base64.b64encode(b'{"id": 1, "item": "x"}').decode())
    event["isBase64Encoded"] = True

    assert call(event)["statusCode"] == 201


@pytest.mark.parametrize("kind", EVENTS)
def test_a_missing_body_is_a_422_problem_as_text(call: Invoke, kind: str) -> None:
    answer = call(request(kind, "POST", "/todo"))

    assert answer["statusCode"] == 422
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert json.loads(answer["body"])["errors"][0]["field"] == "body"


def test_a_location_behind_a_rest_apis_stage_can_be_followed(call: Invoke) -> None:
    create = request("rest_api", "POST", "/todo", '{"id": 1, "item": "x"}')
    create["requestContext"]["path"] = "/base/path/todo"

    assert call(create)["headers"]["location"] == "/base/path/todo/1"


@pytest.mark.parametrize("kind", EVENTS)
def test_a_stage_named_as_our_path_is_not_mistaken_for_it(call: Invoke, kind: str) -> None:
    event = request(kind, "GET", "/todo/todo" if kind.startswith("http") else "/todo")
    event["requestContext"] |= {"stage": "todo", "path": "/todo/todo"}

    assert json.loads(call(event)["body"]) == {"data": []}


def test_a_body_over_64_kib_is_a_413(call: Invoke) -> None:
    answer = call(request("http_api_v2", "POST", "/todo", '"' + "x" * 65_536 + '"'))

    assert answer["statusCode"] == 413
    assert json.loads(answer["body"])["title"]


@pytest.mark.parametrize(
    ("path", "status"),
    [("/dev/todo", 200), ("/dev/", 200), ("/dev", 200), ("/dev/todo/9", 404), ("/device/todo", 404),
     ("/todo", 200), ("/dev/dev/todo", 404)],
)  # fmt: skip
def test_a_named_stage_in_the_path_is_left_out(call: Invoke, path: str, status: int) -> None:
    event = request("http_api_v2", "GET", path)
    event["requestContext"]["stage"] = "dev"

    assert call(event)["statusCode"] == status


def test_a_location_behind_a_named_stage_can_be_followed(call: Invoke) -> None:
    create = request("http_api_v2", "POST", "/dev/todo", '{"id": 1, "item": "x"}')
    create["requestContext"]["stage"] = "dev"
    location = call(create)["headers"]["location"]
    follow = request("http_api_v2", "GET", location)
    follow["requestContext"]["stage"] = "dev"

    assert location == "/dev/todo/1"
    assert call(follow)["statusCode"] == 200


# Who is calling.

JWT = {"jwt": {"claims": {"sub": "ann", "iss": "https://issuer.example"}, "scopes": None}}
IAM = {"iam": {"userArn": "arn:aws:iam::123456789012:user/ann", "accountId": "123456789012"}}


SESSION = "arn:aws:sts::123456789012:assumed-role/Caller/session-1"
ROLE = "arn:aws:sts::123456789012:assumed-role/Caller"
COGNITO = {"iam": {"userArn": SESSION, "cognitoIdentity": {"identityId": "eu-central-1:ann"}}}


@pytest.mark.parametrize(
    ("kind", "context", "owner"),
    [
        ("http_api_v2", {"authorizer": JWT}, "ann"),
        ("http_api_v2", {"authorizer": IAM}, "arn:aws:iam::123456789012:user/ann"),
        ("http_api_v2", {"authorizer": {"iam": {"userArn": SESSION}}}, ROLE),
        ("http_api_v2", {"authorizer": COGNITO}, "eu-central-1:ann"),
        ("http_api_v1", {"authorizer": {"claims": {"sub": "ann"}}}, "ann"),
        ("rest_api", {"authorizer": {"claims": {"sub": "ann"}}}, "ann"),
        ("rest_api", {"identity": {"userArn": SESSION, "cognitoIdentityId": None}}, ROLE),
        ("rest_api", {"identity": {"userArn": SESSION, "cognitoIdentityId": "c:1"}}, "c:1"),
    ],
)
def test_the_owner_is_the_one_that_the_authorizer_vouched_for(
    cold_start: Callable[[], Invoke], convoy: Convoy, kind: str, context: Json, owner: str
) -> None:
    event = request(kind, "POST", "/todo", '{"id": 1, "item": "x"}')
    event["requestContext"] |= context

    assert cold_start()(event)["statusCode"] == 201
    assert convoy.events()[0]["owner_id"] == owner


ASKED = [
    ("GET", "/", None),
    ("POST", "/todo", '{"id": 1, "item": "x"}'),
    ("POST", "/todo", "{"),
    ("POST", "/todo", '"' + "x" * 70_000 + '"'),
    ("PATCH", "/todo", None),
    ("GET", "/nothing", None),
    ("GET", "/docs", None),
    ("GET", "/openapi.json", None),
]


@pytest.mark.parametrize("kind", EVENTS)
@pytest.mark.parametrize(
    "authorizer", [None, {}, {"jwt": None}, {"jwt": {"claims": {}}}, {"iam": {"userArn": ""}}]
)
def test_nobody_is_answered_whom_no_authorizer_vouched_for(
    cold_start: Callable[[], Invoke], convoy: Convoy, kind: str, authorizer: Json | None
) -> None:
    call = cold_start()
    for method, path, body in ASKED:
        event = request(kind, method, path, body)
        event["headers"] |= {"authorization": "Bearer forged", "x-owner": "ann"}
        event["requestContext"]["authorizer"] = authorizer

        answer = call(event)

        assert (answer["statusCode"], json.loads(answer["body"])["status"]) == (401, 401)
        assert answer["headers"]["www-authenticate"] == "Bearer"
    assert convoy.events() == []


def test_one_owners_todo_is_not_there_for_another(cold_start: Callable[[], Invoke]) -> None:
    call = cold_start()
    create = request("http_api_v2", "POST", "/todo", '{"id": 1, "item": "x"}')
    create["requestContext"]["authorizer"] = JWT
    assert call(create)["statusCode"] == 201

    for method, body in (("GET", None), ("PUT", '{"item": "mine"}'), ("DELETE", None)):
        event = request("http_api_v2", method, "/todo/1", body)
        event["requestContext"]["authorizer"] = IAM
        assert call(event)["statusCode"] == 404


def test_a_cold_start_without_settings_names_what_is_missing(
    environment: pytest.MonkeyPatch, cold_start: Callable[[], Invoke]
) -> None:
    environment.delenv("TODOS_TABLE")

    with pytest.raises(Exception, match="TODOS_TABLE is not set"):
        cold_start()


def test_clients_are_built_at_the_cold_start_and_kept(
    call: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a client was built during a request")

    monkeypatch.setattr("boto3.client", forbidden)
    monkeypatch.setattr("httpx.Client", forbidden)

    assert call(request("http_api_v2", "GET", "/"))["statusCode"] == 200
    assert call(request("http_api_v2", "GET", "/todo"))["statusCode"] == 200
