"""Convoy's behaviour on which `convoy setup` and the customers' endpoints rely."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.integration.contract.convoy.envelope import data, event_of, listed, message, publish

if TYPE_CHECKING:
    import httpx

    from tests.support import JsonObject


def test_an_endpoint_has_a_secret_of_its_own(endpoint: JsonObject, owner: str) -> None:
    assert endpoint["advanced_signatures"] is True
    assert len(endpoint["secrets"][0]["value"]) >= 24
    assert endpoint["owner_id"] == owner


def test_endpoints_are_listed_by_owner_with_their_secrets(
    http: httpx.Client, endpoint: JsonObject, owner: str
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


def test_an_endpoint_has_one_subscription_without_a_filter(
    http: httpx.Client, endpoint: JsonObject
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


def test_an_event_types_name_is_unique_and_its_other_fields_can_change(http: httpx.Client) -> None:
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


def test_pause_is_a_toggle_and_an_active_endpoint_can_not_be_activated(
    http: httpx.Client, endpoint: JsonObject
) -> None:
    uid = endpoint["uid"]

    def pause() -> str:
        status: str = data(http.put(f"/endpoints/{uid}/pause"), 202)["status"]
        return status

    refusal = "current endpoint status - active, does not support activation"
    assert [pause(), pause()] == ["paused", "active"]
    assert message(http.post(f"/endpoints/{uid}/activate")) == refusal
    pause()
    assert data(http.post(f"/endpoints/{uid}/activate"), 202)["status"] == "active"
    assert data(http.get(f"/endpoints/{uid}"), 200)["status"] == "active"


def test_a_deleted_endpoint_is_gone_and_its_events_are_for_nobody(
    http: httpx.Client, owner: str, delivered: JsonObject
) -> None:
    endpoint = delivered["endpoint_id"]
    deleted = http.delete(f"/endpoints/{endpoint}")

    assert deleted.json()["message"] == "Endpoint deleted successfully"
    assert message(http.get(f"/endpoints/{endpoint}"), 404) == "Resource not found"
    assert message(http.delete(f"/endpoints/{endpoint}"))
    assert listed(http, "/endpoints", ownerId=owner) == []
    assert len(listed(http, "/eventdeliveries", endpointId=endpoint)) == 1
    event_of(http, publish(http, owner), "Failure")


def test_an_unknown_endpoint_is_a_404_only_to_a_get(http: httpx.Client) -> None:
    assert message(http.get("/endpoints/unknown"), 404) == "Resource not found"
    assert message(http.put("/endpoints/unknown/pause")) == "failed to find endpoint"
    assert message(http.post("/endpoints/unknown/activate")) == "failed to find endpoint"
