"""What this project relies on when it manages Convoy's project."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.contract.convoy.envelope import data, message

if TYPE_CHECKING:
    import httpx

    from tests.support import Json


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
