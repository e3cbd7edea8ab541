"""A refused request names the field, as RFC 9457 problem details, and changes nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from app.service import StoreError, StoreUnavailable

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from app.store import DynamoStore
    from tests.support import Convoy, Outbox

MAX_ID = 2**53 - 1
JSON = {"content-type": "application/json"}


@pytest.fixture(autouse=True)
def _one_todo(client: TestClient) -> None:
    client.post("/todo", json={"id": 1, "item": "one"})


def fields(problem: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error["in"], error["field"]) for error in problem["errors"]]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "item"),
        ({"item": ""}, "item"),
        ({"item": "x" * 10_001}, "item"),
        ({"item": 1}, "item"),
        ({"item": None}, "item"),
        ({"item": ["x"]}, "item"),
        ({"item": "\ud800"}, "item"),
        ({"item": "x", "id": "2"}, "id"),
        ({"item": "x", "id": -1}, "id"),
        ({"item": "x", "id": MAX_ID + 1}, "id"),
        ({"item": "x", "id": 10**400}, "id"),
        ({"item": "x", "id": 2.0}, "id"),
        ({"item": "x", "id": True}, "id"),
        ({"item": "x", "id": None}, "id"),
        ({"item": "x", "completed": "yes"}, "completed"),
        ({"item": "x", "version": 5}, "version"),
        ({"item": "x", "owner": "bob"}, "owner"),
        ([], "body"),
        ("x", "body"),
        (None, "body"),
    ],
)
def test_a_wrong_body_is_a_422_that_names_the_field(
    client: TestClient, convoy: Convoy, body: object, field: str
) -> None:
    response = client.post("/todo", content=json.dumps(body), headers=JSON)

    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert fields(problem) == [("body", field)]
    assert field in problem["detail"]
    assert_nothing_changed(client, convoy)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"item": None}, "item"),
        ({"id": 2, "item": "x"}, "id"),
        ({"item": ""}, "item"),
    ],
)
def test_a_wrong_update_is_a_422_that_names_the_field(
    client: TestClient, convoy: Convoy, body: object, field: str
) -> None:
    response = client.put("/todo/1", json=body)

    assert response.status_code == 422
    assert fields(response.json()) == [("body", field)]
    assert_nothing_changed(client, convoy)


@pytest.mark.parametrize(
    "body", [b"{", b'{"item": }', b"item=x", b'{"item": "\xff"}', b"[" * 60_000, b"\x00"]
)
def test_a_body_that_is_not_json_is_a_400(client: TestClient, convoy: Convoy, body: bytes) -> None:
    response = client.post("/todo", content=body, headers=JSON)

    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert "body" in response.json()["detail"]
    assert_nothing_changed(client, convoy)


@pytest.mark.parametrize("body", [b"[" * 60_000, b'{"id": %s}' % (b"9" * 5000)])
def test_a_body_too_deep_or_a_number_too_long_is_a_400_that_tells_of_it(
    client: TestClient, body: bytes
) -> None:
    problem = client.post("/todo", content=body, headers=JSON).json()

    assert fields(problem) == [("body", "body")]
    assert "too deep, or a number too long" in problem["errors"][0]["detail"]


def test_an_answer_is_not_longer_than_its_request(client: TestClient) -> None:
    body = {f"{'x' * 5000}{number}": 1 for number in range(12)} | {
        f"unknown-{number}": 1 for number in range(100)
    }

    response = client.post("/todo", json=body)

    assert response.status_code == 422
    assert len(response.json()["errors"]) == 20
    assert len(response.content) < 10_000


def test_the_place_where_json_broke_is_told(client: TestClient) -> None:
    problem = client.post("/todo", content=b'{"item": }', headers=JSON).json()

    assert problem == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "The body is not valid JSON.",
        "errors": [{"in": "body", "field": "body", "detail": "Expecting value at character 9"}],
    }


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_a_body_of_another_content_type_is_a_415(
    client: TestClient, convoy: Convoy, media_type: str | None
) -> None:
    headers = {"content-type": media_type} if media_type else {}

    response = client.post("/todo", content=b'{"item": "x"}', headers=headers)

    assert response.status_code == 415
    assert fields(response.json()) == [("header", "Content-Type")]
    assert_nothing_changed(client, convoy)


@pytest.mark.parametrize(
    "todo_id", ["-1", "+1", "01", "1.0", "x", "1_0", str(2**53), "9" * 40, "%201"]
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_id_in_the_path_that_is_not_one_is_a_422(
    client: TestClient, convoy: Convoy, method: str, todo_id: str
) -> None:
    body = {"item": "x"} if method == "PUT" else None

    response = client.request(method, f"/todo/{todo_id}", json=body)

    assert response.status_code == 422
    assert fields(response.json()) == [("path", "id")]
    assert_nothing_changed(client, convoy)


def test_the_greatest_id_is_an_id(client: TestClient) -> None:
    client.post("/todo", json={"id": MAX_ID, "item": "last"})
    client.post("/todo", json={"id": 0, "item": "first"})

    ids = [todo["id"] for todo in client.get("/todo").json()["data"]]
    assert ids == [0, 1, MAX_ID]


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/todo"), ("PUT", "/todo/1"), ("DELETE", "/todo/1"), ("GET", "/")]
)
def test_a_body_over_64_kib_is_a_413(
    client: TestClient, convoy: Convoy, method: str, path: str, declared: bool
) -> None:
    body = b'{"item": "' + b"x" * 65_536 + b'"}'
    content = body if declared else iter([body[:40_000], body[40_000:]])

    response = client.request(method, path, content=content, headers=JSON)

    assert response.status_code == 413
    assert response.json()["detail"] == "The body is over 65536 bytes."
    assert_nothing_changed(client, convoy)


def test_the_longest_item_fits(client: TestClient) -> None:
    item = "\N{CLINKING BEER MUGS}" * 10_000

    client.post("/todo", json={"id": 2, "item": item})

    assert client.get("/todo/2").json()["data"]["item"] == item


def test_a_duplicate_id_is_a_409(client: TestClient, convoy: Convoy, outbox: Outbox) -> None:
    response = client.post("/todo", json={"id": 1, "item": "again"})

    assert response.status_code == 409
    assert response.json()["detail"] == "Todo with id 1 already exists."
    assert outbox.event_ids() == []
    assert_nothing_changed(client, convoy)


def test_reading_a_missing_todo_is_a_404_problem_and_no_event(
    client: TestClient, convoy: Convoy
) -> None:
    response = client.get("/todo/9")

    assert response.status_code == 404
    assert response.json()["detail"] == "Todo with id 9 not found."
    assert_nothing_changed(client, convoy)


@pytest.mark.parametrize("path", ["/todos", "/todo/", "/todo/1/x", "/TODO"])
def test_a_path_that_is_not_served_is_a_404_problem(client: TestClient, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "methods"),
    [("/", {"GET"}), ("/todo", {"GET", "POST"}), ("/todo/1", {"GET", "PUT", "DELETE"})],
)
def test_a_method_that_is_not_served_is_a_405_that_names_those_that_are(
    client: TestClient, path: str, methods: set[str]
) -> None:
    response = client.patch(path, json={"item": "x"})

    assert response.status_code == 405
    assert response.headers["content-type"] == "application/problem+json"
    assert set(response.headers["allow"].split(", ")) == methods


def test_when_dynamodb_is_busy_the_answer_is_a_503_that_says_when_to_come_back(
    client: TestClient, store: DynamoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise StoreUnavailable("throttled at table arn:aws:dynamodb:secret")

    monkeypatch.setattr(type(store), "commit", busy)

    response = client.post("/todo", json={"item": "x"})

    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert "arn:" not in response.text


@pytest.mark.parametrize("error", [StoreError("arn:aws:secret"), RuntimeError("arn:aws:secret")])
def test_a_fault_of_ours_is_a_500_problem_that_tells_nothing_of_it(
    client: TestClient, store: DynamoStore, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(type(store), "commit", broken)

    response = client.post("/todo", json={"item": "x"})

    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert "arn:" not in response.text


def assert_nothing_changed(client: TestClient, convoy: Convoy) -> None:
    """Only the todo of the set-up, and only its event."""
    assert [event["event_type"] for event in convoy.events()] == ["created"]
    todos = client.get("/todo").json()["data"]
    assert todos == [{"id": 1, "item": "one", "completed": False, "version": 1}]
