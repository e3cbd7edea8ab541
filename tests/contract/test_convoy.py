"""What this project relies on in Convoy's HTTP API, of the stand-in and of a Convoy that is named.

See tests/e2e/test_convoy.py for how to name one; it was held against the server at v26.7.3.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest

from infra.local.convoy import API_KEY
from tests.support import named_convoy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import Convoy, Json

EVENT = {"event_type": "created", "data": {"x": 1}}


@pytest.fixture(params=["stand-in", "named"])
def http(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """A client of a project's API."""
    if request.param == "stand-in":
        convoy: Convoy = request.getfixturevalue("convoy")
        url, api_key, project_id = convoy.api, API_KEY, "p"
    else:
        url, api_key, project_id = named_convoy()
    headers = {"authorization": f"Bearer {api_key}"}
    base_url = f"{url}/v1/projects/{project_id}"
    with httpx.Client(base_url=base_url, headers=headers, timeout=30) as http:
        yield http


@pytest.fixture
def owner() -> str:
    """Of this test alone: a named Convoy keeps what was made in it."""
    return str(uuid4())


@pytest.fixture
def endpoint(http: httpx.Client, owner: str) -> Json:
    body = {"name": "mine", "url": "http://127.0.0.1:9", "owner_id": owner}
    made: Json = data(http.post("/endpoints", json=body | {"advanced_signatures": True}))
    return made


@pytest.fixture
def delivered(http: httpx.Client, owner: str, endpoint: Json) -> Json:
    """A delivery to nowhere."""
    data(http.post("/subscriptions", json={"name": "all", "endpoint_id": endpoint["uid"]}))
    key = str(uuid4())
    message = EVENT | {"owner_id": owner, "idempotency_key": key, "custom_headers": {"X-A": "b"}}
    assert http.post("/events/fanout", json=message).status_code == 201
    return one_of(http, key)


def one_of(http: httpx.Client, key: str) -> Json:
    """The delivery of an event; Convoy's worker makes it some time after the 201."""
    until = time.monotonic() + 30
    while True:
        answer = http.get("/eventdeliveries", params={"idempotencyKey": key})
        if answer.status_code == 200 and (content := answer.json()["data"]["content"]):
            found: Json = content[0]
            return found
        assert time.monotonic() < until, answer.text
        time.sleep(0.05)


def data(response: httpx.Response, status: int = 201) -> Any:
    assert response.status_code == status, response.text
    body = response.json()
    assert body["status"] is True
    return body["data"]


def message(response: httpx.Response, status: int = 400) -> str:
    assert response.status_code == status, response.text
    body = response.json()
    assert body["status"] is False
    text: str = body["message"]
    return text


def test_a_project_tells_its_id(http: httpx.Client) -> None:
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
    ("name", "told"),
    [
        ("owner_id", "owner_id:please provide an owner id"),
        ("event_type", "event_type:please provide an event type"),
        ("data", "data:please provide your data"),
    ],
)
def test_a_fan_out_without_a_field_is_a_400_that_names_it(
    http: httpx.Client, owner: str, name: str, told: str
) -> None:
    whole = EVENT | {"owner_id": owner}
    body = {field: value for field, value in whole.items() if field != name}

    assert message(http.post("/events/fanout", json=body)) == told


@pytest.mark.parametrize("payload", [None, {}, [], 0, False])
def test_data_is_any_json_but_none_at_all(http: httpx.Client, owner: str, payload: object) -> None:
    message = {"owner_id": owner, "event_type": "created", "data": payload}

    assert http.post("/events/fanout", json=message).status_code == 201


@pytest.mark.parametrize("name", ["owner_id", "event_type"])
@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_field_is_as_good_as_none(
    http: httpx.Client, owner: str, name: str, empty: object
) -> None:
    body = EVENT | {"owner_id": owner, name: empty}

    assert message(http.post("/events/fanout", json=body)).startswith(f"{name}:please provide an")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "body must not be empty"),
        (b"{", "body contains badly-formed JSON"),
        (b"{x", "body contains badly-formed JSON (at character 2)"),
        (b"[]", "body contains incorrect JSON type (at character 1)"),
    ],
)
def test_a_body_that_is_not_an_object_is_a_400(
    http: httpx.Client, content: bytes, told: str
) -> None:
    assert message(http.post("/events/fanout", content=content)) == told


def test_another_content_type_is_a_415_without_a_body(http: httpx.Client) -> None:
    response = http.post("/events/fanout", content="x", headers={"content-type": "text/plain"})

    assert (response.status_code, response.content) == (415, b"")


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("", "Authentication required"),
        ("Bearer", "Authentication required"),
        ("Token eDp5", "Authentication required"),
        ("Basic eDp5", "authorization failed"),
        ("Bearer CO.other", "authorization failed"),
    ],
)
def test_a_wrong_key_is_a_401(http: httpx.Client, header: str, told: str) -> None:
    response = http.post("/events/fanout", json=EVENT, headers={"authorization": header})

    assert message(response, 401) == told


def test_an_endpoint_has_a_secret_of_its_own(endpoint: Json, owner: str) -> None:
    assert endpoint["advanced_signatures"] is True
    assert len(endpoint["secrets"][0]["value"]) >= 24
    assert endpoint["owner_id"] == owner


def test_endpoints_are_listed_by_owner_with_their_secrets(
    http: httpx.Client, endpoint: Json, owner: str
) -> None:
    http.post("/endpoints", json={"name": "b", "url": "http://127.0.0.1:9", "owner_id": "bob"})

    page = data(http.get("/endpoints", params={"ownerId": owner}), 200)

    assert [each["uid"] for each in page["content"]] == [endpoint["uid"]]
    assert page["content"][0]["secrets"][0]["value"] == endpoint["secrets"][0]["value"]
    assert page["pagination"]["has_next_page"] is False


@pytest.mark.parametrize("name", ["name", "url"])
def test_an_endpoint_without_a_field_is_a_400_that_does_not_name_it(
    http: httpx.Client, name: str
) -> None:
    whole = {"name": "mine", "url": "http://127.0.0.1:9", "owner_id": "ann"}
    body = {field: value for field, value in whole.items() if field != name}

    assert message(http.post("/endpoints", json=body)) == "Invalid input provided"
    assert message(http.post("/endpoints", content="{")) == "Invalid request format"


def test_an_endpoint_has_one_subscription_and_without_a_licence_no_filter(
    http: httpx.Client, endpoint: Json
) -> None:
    body = {
        "name": "all",
        "endpoint_id": endpoint["uid"],
        "filter_config": {"event_types": ["created"]},
    }

    subscription = data(http.post("/subscriptions", json=body))
    again = message(http.post("/subscriptions", json=body))

    assert subscription["filter_config"]["event_types"] == ["*"]
    assert again == "a subscription for this endpoint already exists"
    page = data(http.get("/subscriptions", params={"endpointId": endpoint["uid"]}), 200)
    (found,) = page["content"]
    assert found["uid"] == subscription["uid"]
    assert found["endpoint_metadata"]["uid"] == endpoint["uid"]


def test_a_subscription_of_an_unknown_endpoint_is_a_400(http: httpx.Client) -> None:
    body = {"name": "all", "endpoint_id": "unknown"}

    assert message(http.post("/subscriptions", json=body)) == "failed to find endpoint by id"
    assert (
        message(http.post("/subscriptions", json={"name": "all"}))
        == "endpoint_id:please provide a valid endpoint id"
    )


def test_an_event_types_name_is_its_own_and_the_rest_can_be_changed(http: httpx.Client) -> None:
    name = f"test.{uuid4()}"
    body = {"name": name, "description": "Todo created", "json_schema": {"type": "object"}}
    made = data(http.post("/event-types", json=body))
    again = message(http.post("/event-types", json=body))

    change = {"description": "Other", "category": "", "json_schema": {"type": "string"}}
    data(http.put(f"/event-types/{made['uid']}", json=change), 202)

    (found,) = [each for each in data(http.get("/event-types"), 200) if each["name"] == name]
    assert {field: found[field] for field in change} == change
    assert "duplicate key value violates unique constraint" in again
    assert (
        message(http.post("/event-types", json={}))
        == "name:please provide a name for this event type"
    )
    unknown = http.put("/event-types/unknown", json={"description": "Other"})
    assert message(unknown) == "event type not found"


def test_a_delivery_tells_its_event_endpoint_and_attempts(
    http: httpx.Client, delivered: Json, endpoint: Json, owner: str
) -> None:
    found = data(http.get(f"/eventdeliveries/{delivered['uid']}"), 200)

    assert found["event_type"] == "created"
    assert found["endpoint_id"] == endpoint["uid"]
    assert found["headers"] == {"X-A": ["b"]}
    assert delivered["endpoint_metadata"]["owner_id"] == owner
    assert delivered["endpoint_metadata"]["url"] == endpoint["url"]
    assert found["metadata"]["raw"] == '{"x":1}'
    assert found["metadata"]["retry_limit"] > 1


def test_what_is_not_there_is_told_by_a_404_or_a_400(http: httpx.Client) -> None:
    unknown = "event delivery not found"

    assert message(http.get("/eventdeliveries/unknown"), 404) == unknown
    assert message(http.get("/eventdeliveries/unknown/deliveryattempts")) == unknown
    assert message(http.put("/eventdeliveries/unknown/resend")) == unknown
    nothing = http.post("/eventdeliveries/forceresend", json={"ids": ["unknown"]})
    assert nothing.json()["message"] == "0 successful, 0 failed"
    key = {"idempotencyKey": str(uuid4())}
    assert message(http.get("/eventdeliveries", params=key)) == "event not found"
    assert data(http.get("/events", params=key), 200)["content"] == []


def test_a_delivery_that_fails_is_tried_again_and_not_sent_beside_that(
    http: httpx.Client, delivered: Json
) -> None:
    """The named one waits for its next attempt by then; the stand-in's three have failed."""
    until = time.monotonic() + 60
    while not (
        tries := data(http.get(f"/eventdeliveries/{delivered['uid']}/deliveryattempts"), 200)
    ):
        assert time.monotonic() < until
        time.sleep(0.05)

    assert tries[0]["error"]
    assert tries[0]["msg_id"] == delivered["uid"]
    assert "X-Convoy-Signature" in tries[0]["request_http_header"]
    assert "status" not in tries[0]
    assert "http_status" not in tries[0]
    forced = http.post("/eventdeliveries/forceresend", json={"ids": [delivered["uid"]]})
    assert message(forced) == "only successful events can be force resent"


def test_deliveries_are_chosen_by_endpoint_and_type_and_status(
    http: httpx.Client, delivered: Json, endpoint: Json
) -> None:
    def count(**filters: str) -> int:
        params = {"endpointId": endpoint["uid"], **filters}
        return len(data(http.get("/eventdeliveries", params=params), 200)["content"])

    assert count() == 1
    assert count(eventId=delivered["event_id"]) == 1
    assert count(eventType="created") == 1
    assert count(eventType="updated") == 0
    assert count(event_type="updated") == 1  # what the SDK sends, and its server passes over
    assert count(status="Success") == 0
    assert count(status="Nonsense") == 0
