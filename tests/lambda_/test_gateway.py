"""Real events of API Gateway and of a load balancer, through the handler that Lambda calls."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from tests.lambda_.gateways import EVENTS, request

if TYPE_CHECKING:
    from tests.lambda_.gateways import Invoke
    from tests.support import Convoy


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
