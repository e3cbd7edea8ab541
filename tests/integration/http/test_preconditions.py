"""If-None-Match, and If-Match of a read (RFC 9110, 13): a 304, or a 412 that changes nothing."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from httpx2 import Response
    from starlette.testclient import TestClient

    from tests.stand_in import Convoy
    from tests.tables import Outbox

MATCHES = ['"2"', 'W/"2"', '"1", "2"', '"x",W/"2"', "*", " * "]
"""An If-None-Match that names version 2: it compares weakly."""

OTHERS = ['"1"', 'W/"3"', '"1", "3"', '""', '"x"', '"02"', 'W/"x"']

MALFORMED = ["2", "", '"2', "2,", '"1" "2"', '*, "2"', 'w/"2"', "'2'"]


@pytest.fixture(autouse=True)
def _a_todo_at_version_2(client: TestClient) -> None:
    client.post("/todo", json={"id": 1, "item": "one"})
    client.put("/todo/1", json={"item": "uno"})


def ask(client: TestClient, method: str, **headers: str) -> Response:
    body = {"item": "eins"} if method == "PUT" else None
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.request(method, "/todo/1", json=body, headers=sent)


def test_a_read_of_a_version_that_the_client_has_is_a_304(client: TestClient) -> None:
    for method, tags in product(("GET", "HEAD"), MATCHES):
        answer = ask(client, method, if_none_match=tags)

        assert (answer.status_code, answer.content) == (304, b""), tags
        assert answer.headers["etag"] == '"2"'
        assert answer.headers["cache-control"] == "no-store"
        assert not {"content-type", "content-length"} & answer.headers.keys()


def test_a_read_of_another_version_has_the_todo(client: TestClient) -> None:
    for tags in OTHERS:
        answer = ask(client, "GET", if_none_match=tags)

        assert (answer.status_code, answer.json()["data"]["version"]) == (200, 2), tags


def test_a_304_publishes_what_a_200_publishes(client: TestClient, convoy: Convoy) -> None:
    ask(client, "GET", if_none_match='"2"')

    assert convoy.payloads()[-1]["event"] == "todo.retrieved"


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_change_at_a_version_that_if_none_match_names_is_a_412(
    client: TestClient, convoy: Convoy, outbox: Outbox, method: str
) -> None:
    for tags in MATCHES:
        answer = ask(client, method, if_none_match=tags)

        assert answer.status_code == 412, tags
        assert answer.json()["detail"] == "Todo with id 1 is at version 2."
    assert [event["event_type"] for event in convoy.events()] == ["created", "updated"]
    assert len(outbox.event_ids()) == 2


def test_a_change_at_another_version_goes_through(client: TestClient) -> None:
    assert ask(client, "PUT", if_none_match='"1"').status_code == 200
    assert ask(client, "DELETE", if_none_match='W/"2", "x"').status_code == 200


def test_a_read_at_another_version_than_if_match_has_is_a_412_without_event(
    client: TestClient, convoy: Convoy
) -> None:
    for tags in ('"1"', 'W/"2"', '"1", "3"'):
        assert ask(client, "GET", if_match=tags).status_code == 412, tags
    assert len(convoy.events()) == 2


def test_if_match_comes_before_if_none_match(client: TestClient) -> None:
    for method, if_match, if_none_match, status in (
        ("GET", '"1"', '"2"', 412),
        ("GET", '"2"', '"2"', 304),
        ("GET", "*", '"1"', 200),
        ("PUT", '"1"', '"1"', 412),
        ("PUT", '"2"', '"2"', 412),
        ("PUT", '"2"', '"1"', 200),
    ):
        answer = ask(client, method, if_match=if_match, if_none_match=if_none_match)

        assert answer.status_code == status, (method, if_match, if_none_match)


def test_conditions_on_dates_are_ignored(client: TestClient) -> None:
    for name in ("if_modified_since", "if_unmodified_since"):
        for date in ("Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 2100 00:00:00 GMT"):
            assert ask(client, "GET", **{name: date}).status_code == 200


@pytest.mark.parametrize("header", ["if-match", "if-none-match"])
def test_a_header_that_is_no_list_of_tags_is_a_400_that_names_it(
    client: TestClient, header: str
) -> None:
    for method, tags in product(("GET", "PUT", "DELETE"), MALFORMED):
        answer = ask(client, method, **{header: tags})

        assert answer.status_code == 400, tags
        assert answer.json()["errors"][0]["field"].lower() == header
    assert client.get("/todo/1").headers["etag"] == '"2"'


def test_a_missing_todo_is_a_404_whatever_the_conditions(client: TestClient) -> None:
    client.delete("/todo/1")

    for method in ("GET", "PUT", "DELETE"):
        for headers in ({"if_match": '"2"'}, {"if_none_match": "*"}, {"if_match": "*"}):
            assert ask(client, method, **headers).status_code == 404, headers


def test_a_creation_is_conditional_on_the_list_which_has_no_version(client: TestClient) -> None:
    for todo_id, header, tags, status in (
        (5, "if-none-match", "*", 412),
        (6, "if-none-match", '"1"', 201),
        (7, "if-match", '"1"', 412),
        (8, "if-match", "*", 201),
        (9, "if-match", "1", 400),
    ):
        answer = client.post("/todo", json={"id": todo_id, "item": "x"}, headers={header: tags})

        assert answer.status_code == status, tags
        assert (client.get(f"/todo/{todo_id}").status_code == 200) is (status == 201)
        if status == 412:
            assert "the list" in answer.json()["detail"]


def test_another_if_none_match_under_the_same_key_is_another_request(client: TestClient) -> None:
    key = {"idempotency_key": "k"}
    first = ask(client, "PUT", if_none_match='"1"', **key)

    assert ask(client, "PUT", if_none_match='"1"', **key).headers["idempotency-replayed"] == "true"
    assert first.status_code == 200
    for other in ({}, {"if_none_match": '"7"'}, {"if_match": '"2"'}, {"if_none_match": "*"}):
        assert ask(client, "PUT", **other, **key).status_code == 422
