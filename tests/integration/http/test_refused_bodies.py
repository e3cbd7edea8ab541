"""A refused body names the field, as RFC 9457 problem details, and changes nothing."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.http.refusals import MAX_ID, assert_nothing_changed, fields
from tests.todo import MAX_ITEM_LENGTH

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.stand_in import Convoy

pytestmark = pytest.mark.usefixtures("one_todo")

JSON_TYPE = {"content-type": "application/json"}


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
    response = client.post("/todo", content=json.dumps(body), headers=JSON_TYPE)

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
        ({"item": "a\0b"}, "item"),
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
    ("item", "detail"),
    [
        (r"a\u0000b", "a null character (U+0000) is not allowed"),
        (
            r"a\ud800b",
            "Input should be a valid string, unable to parse raw data as a unicode string",
        ),
    ],
)
def test_an_item_that_convoy_would_take_and_never_deliver_is_refused(
    client: TestClient, convoy: Convoy, item: str, detail: str
) -> None:
    response = client.post("/todo", content=f'{{"item": "{item}"}}', headers=JSON_TYPE)

    assert response.status_code == 422
    assert response.json()["errors"] == [{"in": "body", "field": "item", "detail": detail}]
    assert_nothing_changed(client, convoy)


@pytest.mark.parametrize(
    "body", [b"{", b'{"item": }', b"item=x", b'{"item": "\xff"}', b"[" * 60_000, b"\x00"]
)
def test_a_body_that_is_not_json_is_a_400(client: TestClient, convoy: Convoy, body: bytes) -> None:
    response = client.post("/todo", content=body, headers=JSON_TYPE)

    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert "body" in response.json()["detail"]
    assert_nothing_changed(client, convoy)


@pytest.mark.parametrize("headers", [{}, JSON_TYPE], ids=["no type", "JSON"])
def test_a_missing_body_is_a_422_that_says_what_to_send(
    client: TestClient, convoy: Convoy, headers: dict[str, str]
) -> None:
    response = client.post("/todo", headers=headers)

    assert response.status_code == 422
    detail = "is missing: send a JSON object, such as {}"
    assert response.json()["errors"] == [{"in": "body", "field": "body", "detail": detail}]
    assert_nothing_changed(client, convoy)


@pytest.mark.parametrize("body", [b"[" * 60_000, b'{"id": %s}' % (b"9" * 5000)])
def test_a_too_deep_body_or_too_long_number_is_a_400(client: TestClient, body: bytes) -> None:
    problem = client.post("/todo", content=body, headers=JSON_TYPE).json()

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


def test_a_json_errors_position_is_in_the_problem(client: TestClient) -> None:
    problem = client.post("/todo", content=b'{"item": }', headers=JSON_TYPE).json()

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


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/todo"), ("PUT", "/todo/1"), ("DELETE", "/todo/1"), ("GET", "/")]
)
def test_a_body_over_128_kib_is_a_413(
    client: TestClient, convoy: Convoy, method: str, path: str, declared: bool
) -> None:
    body = b'{"item": "' + b"x" * 131_072 + b'"}'
    content = body if declared else iter([body[:40_000], body[40_000:]])

    response = client.request(method, path, content=content, headers=JSON_TYPE)

    assert response.status_code == 413
    assert response.json()["detail"] == "The body is over 131072 bytes."
    assert_nothing_changed(client, convoy)


def test_the_longest_item_is_accepted_however_it_is_escaped(client: TestClient) -> None:
    item = "😀" * MAX_ITEM_LENGTH

    response = client.post("/todo", content=json.dumps({"item": item}), headers=JSON_TYPE)

    assert response.status_code == 201


@pytest.mark.parametrize(("method", "path"), [("POST", "/todo"), ("DELETE", "/todo/1")])
def test_a_body_that_is_cut_off_changes_nothing(
    client: TestClient, convoy: Convoy, method: str, path: str
) -> None:
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    came = iter([{"type": "http.request", "body": b'{"item": "x"}', "more_body": True}])
    answered: list[object] = []

    async def receive() -> dict[str, Any]:
        return next(came, {"type": "http.disconnect"})

    async def send(message: object) -> None:
        answered.append(message)

    async def serve() -> None:
        await client.app(scope, receive, send)

    asyncio.run(serve())

    assert answered == []
    assert_nothing_changed(client, convoy)


def test_the_longest_item_fits(client: TestClient) -> None:
    item = "\N{CLINKING BEER MUGS}" * 10_000

    client.post("/todo", json={"id": 2, "item": item})

    assert client.get("/todo/2").json()["data"]["item"] == item
