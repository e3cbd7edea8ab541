"""Real events of API Gateway and of a load balancer, through the handler that Lambda calls."""

from __future__ import annotations

import base64
import itertools
import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.domain.event_ids import uuid7
from app.wiring.clock import now
from tests.integration.lambda_.gateways import CONTRACT, CONTRACT_EVENTS, EVENTS, request
from tests.support import NOW
from tests.todo import MAX_ITEM_LENGTH, TODO, Todo

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


HEADERS: dict[str, list[JsonObject | None]] = {
    "a port that is no number": [{"X-Forwarded-Port": "80,443"}, {"x-forwarded-port": "x"}],
    "a host with such a port": [{"Host": "api:x"}],
    "none": [{}, None],
}


@pytest.mark.parametrize("kind", EVENTS)
def test_whatever_its_headers_a_request_is_answered(call: Invoke, kind: str) -> None:
    for headers in itertools.chain(*HEADERS.values()):
        event = request(kind, "GET", "/todo")
        for part in {"headers", "multiValueHeaders"} & event.keys():
            lists = part == "multiValueHeaders"
            event[part] = headers and {k: [v] if lists else v for k, v in headers.items()}

        assert call(event)["statusCode"] == 200, headers

    without = {
        name: each for name, each in request(kind, "GET", "/todo").items() if "eaders" not in name
    }
    assert call(without)["statusCode"] == 200


def test_the_values_of_a_repeated_header_all_count(call: Invoke) -> None:
    for number, kind in enumerate(EVENTS):
        call(request(kind, "POST", "/todo", f'{{"id": {number}, "item": "one"}}'))
        event = request(kind, "PUT", f"/todo/{number}", '{"item": "uno"}')
        if "multiValueHeaders" in event:
            event["multiValueHeaders"]["If-Match"] = ['"7"', '"1"', '"8"']
        if "headers" in event:  # format 2.0 joins the values, the others have the last one
            event["headers"]["If-Match"] = '"7","1"' if event.get("version") == "2.0" else '"1"'

        assert call(event)["statusCode"] == 200, kind


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


def test_a_load_balancer_takes_a_page_of_eight_however_long(call: Invoke, store: TodoStore) -> None:
    at = now() - timedelta(minutes=5)
    for number in range(9):
        todo = Todo("everyone", number, "\N{CLINKING BEER MUGS}" * MAX_ITEM_LENGTH)
        store.commit(TODO.create(todo, now=at, event_id=uuid7(at, number)))

    for path in ("/todo", "/events"):
        answer = call(request("alb", "GET", path, query={"limit": "8"}))

        assert len(json.loads(answer["body"])["data"]) == 8
        assert len(json.dumps(answer)) < 1024 * 1024


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


@pytest.mark.parametrize("kind", EVENTS)
def test_a_key_that_a_proxy_sent_twice_is_that_key(call: Invoke, kind: str) -> None:
    def ask(*keys: str) -> JsonObject:
        event = request(kind, "POST", "/todo", '{"item": "x"}')
        if "headers" in event:
            event["headers"]["idempotency-key"] = ",".join(keys)
        if "multiValueHeaders" in event:
            event["multiValueHeaders"]["idempotency-key"] = [*keys]
        return call(event)

    first, again = ask("k-1", "k-1"), ask("k-1")

    assert first["statusCode"] == 201
    assert again["headers"]["idempotency-replayed"] == "true"
    assert again["body"] == first["body"]


def test_the_page_with_third_party_scripts_is_not_served(call: Invoke) -> None:
    assert call(request("http_api_v2", "GET", "/docs"))["statusCode"] == 404
    assert call(request("http_api_v2", "GET", "/openapi.json"))["statusCode"] == 200


def test_an_answer_to_head_has_no_body(call: Invoke) -> None:
    for kind in EVENTS:
        for path, status in (("/todo", 200), ("/openapi.json", 200), ("/todo/x", 422)):
            got, head = (call(request(kind, method, path)) for method in ("GET", "HEAD"))

            assert (head["statusCode"], head["body"]) == (status, ""), kind
            assert head["headers"] == got["headers"]


def test_a_body_over_128_kib_is_a_413(call: Invoke) -> None:
    answer = call(request("http_api_v2", "POST", "/todo", '"' + "x" * 131_072 + '"'))

    assert answer["statusCode"] == 413
    assert json.loads(answer["body"])["title"]
