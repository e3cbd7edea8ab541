"""While Convoy fails, each route is a 503 that says when to ask again."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from app.customers import problems
from app.customers.time_limit import REQUEST_S, TimeLimit
from infra.fake_convoy.project import API_KEY
from tests.integration.customers.test_owners import OF_A_DELIVERY, OF_AN_ENDPOINT, Call
from tests.integration.customers.world import Customer, World

if TYPE_CHECKING:
    from tests.stand_in import Convoy
    from tests.support import JsonObject

NEW: Call = ("POST", "/endpoints", {"url": "https://example.com/new"})
ALL_CALLS: list[Call] = [
    *OF_AN_ENDPOINT,
    *OF_A_DELIVERY,
    NEW,
    ("GET", "/endpoints", None),
    ("GET", "/deliveries", None),
]

FAILURES: dict[str, JsonObject] = {
    "down": {"reset": True},
    "limiting": {"status": 429, "headers": {"Retry-After": "1"}},
    "failing": {"status": 500},
    "unavailable": {"status": 503},
    "key refused": {"status": 401},
    "database down": {
        "status": 400,
        "body": '{"status":false,"message":"failed to find endpoint"}',
    },
    "HTML": {"status": 200, "body": "<!doctype html>", "headers": {"content-type": "text/html"}},
    "no route": {"status": 404, "body": "404 page not found"},
    "another form": {"status": 200, "body": '{"status":true,"message":"","data":null}'},
}


@pytest.fixture
def known(ann: Customer) -> dict[Any, str]:
    """The ids of Ann's endpoint and of a delivery to it, by the list of their calls."""
    endpoint = ann.register(event_types=["*"])
    ann.publish("created", "a")
    return {True: ann.delivered()[0]["id"], False: endpoint}


@pytest.mark.parametrize("failure", FAILURES)
def test_each_route_is_a_503_with_retry_after(
    ann: Customer,
    known: dict[Any, str],
    convoy: Convoy,
    world: World,
    failure: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = world.everything()
    for call in ALL_CALLS:
        method, path, body = call
        caplog.clear()
        convoy.fail(**FAILURES[failure])

        answer = ann.ask(method, path.replace("{id}", known[call in OF_A_DELIVERY]), json=body)

        convoy.recover()
        assert answer.status_code == 503, call
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"] == "5"
        assert answer.headers["cache-control"] == "no-store"
        (line,) = [each.message for each in caplog.records if each.name == problems.__name__]
        assert line.startswith("a customer's request failed in Convoy: ")
        for text in (answer.text, line):
            assert API_KEY not in text
        look_first = "look at the endpoint before you repeat the request" in answer.text
        assert look_first == (method != "GET")
        for internal in (convoy.url, "CONVOY_", "failed to find", "injected"):
            assert internal not in answer.text
    assert world.everything() == before
    assert ann.data(*NEW[:2], json=NEW[2])["url"] == "https://example.com/new"


def test_a_request_ends_in_time_though_convoy_hangs(convoy: Convoy) -> None:
    world = World(convoy, limit=TimeLimit(0.2))
    with closing(world), TestClient(world.app()) as http:
        ann = Customer(http, "ann", convoy)
        convoy.fail(delay_s=60, status=503)
        answer = ann.ask("GET", "/endpoints")
        convoy.recover()

    assert answer.status_code == 503


def test_all_calls_of_a_request_share_its_time() -> None:
    now = iter([100.0, 101.0, 123.0, 130.0])
    limit = TimeLimit(clock=lambda: next(now))

    limit.begin()

    assert [limit.left_s() for _ in range(3)] == [REQUEST_S - 1, REQUEST_S - 23, REQUEST_S - 30]


def test_without_a_request_there_is_no_limit() -> None:
    assert TimeLimit().left_s() == float("inf")


def test_a_fault_of_ours_is_a_500(ann: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("it broke")

    monkeypatch.setattr("app.customers.endpoints.endpoint_view", broken)
    ann.convoy.endpoint("ann")

    answer = ann.ask("GET", "/endpoints")

    assert answer.status_code == 500
    assert "it broke" not in answer.text


def test_what_is_no_request_of_these_routes_is_a_problem(ann: Customer) -> None:
    headers = {"x-owner": "ann", "content-type": "application/json"}

    answers = [
        ann.http.post("/webhooks/endpoints", content=b"x" * 140_000, headers=headers),
        ann.http.post("/webhooks/endpoints", content=b"{", headers=headers),
        ann.ask("POST", "/endpoints", content=b"url=x"),
        ann.ask("PATCH", "/endpoints"),
        ann.ask("GET", ""),
        ann.ask("GET", "/endpoints/"),
    ]

    assert [each.status_code for each in answers] == [413, 400, 415, 405, 404, 404]
    assert answers[3].headers["allow"] == "GET, HEAD, POST"
    assert {each.headers["content-type"] for each in answers} == {"application/problem+json"}
