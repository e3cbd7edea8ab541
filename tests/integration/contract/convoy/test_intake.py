"""Convoy's behaviour on which publishing relies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.contract.convoy.envelope import EVENT, data, message

if TYPE_CHECKING:
    import httpx


def test_a_project_shows_its_id(http: httpx.Client) -> None:
    url = str(http.base_url).rstrip("/")

    assert url.endswith(f"/projects/{data(http.get(url), 200)['uid']}")


def test_a_fan_out_is_queued_and_its_answer_has_no_data(http: httpx.Client, owner: str) -> None:
    response = http.post("/events/fanout", json=EVENT | {"owner_id": owner})

    assert response.status_code == 201
    assert response.json() == {
        "status": True,
        "message": "Endpoint fanout event queued successfully",
        "data": None,
    }


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("owner_id", "owner_id:please provide an owner id"),
        ("event_type", "event_type:please provide an event type"),
        ("data", "data:please provide your data"),
    ],
)
def test_a_fan_out_without_a_field_is_a_400_that_names_it(
    http: httpx.Client, owner: str, name: str, refusal: str
) -> None:
    whole = EVENT | {"owner_id": owner}
    body = {field: value for field, value in whole.items() if field != name}

    assert message(http.post("/events/fanout", json=body)) == refusal


@pytest.mark.parametrize("payload", [None, {}, [], 0, False])
def test_data_may_be_any_json(http: httpx.Client, owner: str, payload: object) -> None:
    message = {"owner_id": owner, "event_type": "created", "data": payload}

    assert http.post("/events/fanout", json=message).status_code == 201


@pytest.mark.parametrize("name", ["owner_id", "event_type"])
@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_field_is_a_missing_field(
    http: httpx.Client, owner: str, name: str, empty: object
) -> None:
    body = EVENT | {"owner_id": owner, name: empty}

    assert message(http.post("/events/fanout", json=body)).startswith(f"{name}:please provide an")


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", "body must not be empty"),
        (b"{", "body contains badly-formed JSON"),
        (b"{x", "body contains badly-formed JSON (at character 2)"),
        (b"[]", "body contains incorrect JSON type (at character 1)"),
    ],
)
def test_a_body_that_is_not_an_object_is_a_400(
    http: httpx.Client, content: bytes, refusal: str
) -> None:
    assert message(http.post("/events/fanout", content=content)) == refusal


def test_another_content_type_is_a_415_without_a_body(http: httpx.Client) -> None:
    response = http.post("/events/fanout", content="x", headers={"content-type": "text/plain"})

    assert (response.status_code, response.content) == (415, b"")


@pytest.mark.parametrize(
    ("header", "refusal"),
    [
        ("", "Authentication required"),
        ("Bearer", "Authentication required"),
        ("Token eDp5", "Authentication required"),
        ("Basic eDp5", "authorization failed"),
        ("Bearer CO.other", "authorization failed"),
    ],
)
def test_a_wrong_key_is_a_401(http: httpx.Client, header: str, refusal: str) -> None:
    response = http.post("/events/fanout", json=EVENT, headers={"authorization": header})

    assert message(response, 401) == refusal
