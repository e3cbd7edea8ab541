"""Real events of API Gateway and of a load balancer, through the handler that Lambda calls."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.domain.event_ids import uuid7
from app.resources.todo import MAX_ITEM_LENGTH, TODO, Todo
from app.wiring.clients import now
from tests.integration.lambda_.gateways import CONTRACT, CONTRACT_EVENTS, EVENTS, request
from tests.support import NOW

if TYPE_CHECKING:
    from tests.integration.lambda_.gateways import Invoke
    from tests.stand_in import Convoy
    from tests.support import JsonObject
    from tests.tables import TodoStore

MAX_ANSWER_BYTES = 6 * 1024 * 1024
"""Lambda's limit. A larger answer reaches the client as an internal error."""


@pytest.mark.parametrize("kind", EVENTS)
def test_every_call_of_the_contract_works_behind_every_gateway(
    call: Invoke, convoy: Convoy, kind: str
) -> None:
    answers = [call(request(kind, *asked)) for asked, _ in CONTRACT]

    assert [(answer["statusCode"], json.loads(answer["body"])) for answer in answers] == [
        answer for _, answer in CONTRACT
    ]
    assert [event["event_type"] for event in convoy.events()] == CONTRACT_EVENTS
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


@pytest.mark.parametrize("kind", EVENTS)
@pytest.mark.parametrize(
    "header", [{"X-Forwarded-Port": "80,443"}, {"x-forwarded-port": "x"}, {"Host": "api:x"}]
)
def test_an_invalid_port_in_a_header_does_no_harm(
    call: Invoke, kind: str, header: dict[str, str]
) -> None:
    event = request(kind, "GET", "/todo")
    for part, value in (
        ("headers", header),
        ("multiValueHeaders", {k: [v] for k, v in header.items()}),
    ):
        if part in event:
            event[part] |= value

    assert call(event)["statusCode"] == 200


def test_a_page_of_the_longest_items_fits_into_lambdas_limit(
    call: Invoke, store: TodoStore
) -> None:
    for todo_id in range(100):
        todo = Todo("everyone", todo_id, "\x01" * MAX_ITEM_LENGTH)
        store.commit(TODO.create(todo, now=NOW, event_id=f"event-{todo_id}"))

    first = call(request("http_api_v2", "GET", "/todo"))
    page = json.loads(first["body"])
    rest = call(request("http_api_v2", "GET", "/todo", query={"cursor": page["next"]}))

    assert len(json.dumps(first)) < MAX_ANSWER_BYTES
    ids = [todo["id"] for todo in page["data"] + json.loads(rest["body"])["data"]]
    assert ids == list(range(100))


def test_a_page_of_the_longest_events_fits_into_lambdas_limit(
    call: Invoke, store: TodoStore
) -> None:
    at, ids = now() - timedelta(minutes=5), []
    for number in range(100):
        todo = Todo("everyone", number, "\x01\N{CLINKING BEER MUGS}" * (MAX_ITEM_LENGTH // 2))
        ids.append(uuid7(at, number))
        store.commit(TODO.create(todo, now=at, event_id=ids[-1]))

    first = call(request("http_api_v2", "GET", "/events"))
    page = json.loads(first["body"])
    rest = call(request("http_api_v2", "GET", "/events", query={"after": page["next"]}))

    assert len(json.dumps(first)) < MAX_ANSWER_BYTES
    found = [payload["id"] for payload in page["data"] + json.loads(rest["body"])["data"]]
    assert found == ids[: len(found)]
    assert len(page["data"]) < len(found)


@pytest.mark.parametrize(
    ("prefix", "event_prefix"),
    [("/dev", ""), ("/base", "/base"), ("/base/path", "/base/path"), ("/dev", "/dev"),
     ("/base/dev", "/base/dev"), ("/todo", "/todo"), ("", "")],
)  # fmt: skip
def test_a_rest_apis_path_prefix_is_removed_and_kept_in_locations(
    call: Invoke, prefix: str, event_prefix: str
) -> None:
    """Behind a custom domain, the event's `path` can have the base path too (`event_prefix`)."""

    def ask(method: str, path: str, body: str | None = None) -> JsonObject:
        event = request("rest_api", method, path, body)
        event["path"] = f"{event_prefix}{path}"
        event["requestContext"]["path"] = f"{prefix}{path}"
        return call(event)

    created = ask("POST", "/todo", '{"id": 1, "item": "x"}')

    assert (created["statusCode"], created["headers"]["location"]) == (201, f"{prefix}/todo/1")
    assert ask("GET", "/todo/1")["statusCode"] == 200
    assert ask("GET", "/")["statusCode"] == 200
    assert ask("GET", "/todo/todo")["statusCode"] == 422
    assert ask("GET", "/todo/")["statusCode"] == 404


def test_the_root_of_a_base_path_is_the_apis_root(call: Invoke) -> None:
    event = request("rest_api", "GET", "/")
    event["path"] = event["requestContext"]["path"] = "/base"

    assert json.loads(call(event)["body"]) == {"message": "Wilkomen!"}


def test_the_page_with_third_party_scripts_is_not_served(call: Invoke) -> None:
    assert call(request("http_api_v2", "GET", "/docs"))["statusCode"] == 404
    assert call(request("http_api_v2", "GET", "/openapi.json"))["statusCode"] == 200


def test_an_encoded_path_is_decoded_once(call: Invoke) -> None:
    assert call(request("rest_api", "GET", "/%74odo"))["statusCode"] == 200
    assert call(request("rest_api", "GET", "/%2574odo"))["statusCode"] == 404
    event = request("rest_api", "GET", "/%74odo")
    event["pathParameters"]["proxy"] = "todo"
    assert call(event)["statusCode"] == 200


def test_without_a_named_stage_no_prefix_is_removed(call: Invoke) -> None:
    assert call(request("http_api_v2", "GET", "/$default/todo"))["statusCode"] == 404


@pytest.mark.parametrize("kind", sorted(EVENTS.keys() - {"alb"}))
def test_a_stage_named_like_a_path_is_not_mistaken_for_it(call: Invoke, kind: str) -> None:
    event = request(kind, "GET", "/todo/todo" if kind.startswith("http") else "/todo")
    event["requestContext"] |= {"stage": "todo", "path": "/todo/todo"}

    assert json.loads(call(event)["body"]) == {"data": []}


def test_a_body_over_128_kib_is_a_413(call: Invoke) -> None:
    answer = call(request("http_api_v2", "POST", "/todo", '"' + "x" * 131_072 + '"'))

    assert answer["statusCode"] == 413
    assert json.loads(answer["body"])["title"]


@pytest.mark.parametrize(
    ("path", "status"),
    [("/dev/todo", 200), ("/dev/", 200), ("/dev", 200), ("/dev/todo/9", 404),
     ("/device/todo", 404), ("/todo", 200), ("/dev/dev/todo", 404)],
)  # fmt: skip
def test_a_named_stage_is_removed_from_the_path(call: Invoke, path: str, status: int) -> None:
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
