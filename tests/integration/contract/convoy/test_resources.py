"""Convoy's behaviour on which `convoy setup` relies: subscriptions and event types."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from tests.integration.contract.convoy.envelope import data, message

if TYPE_CHECKING:
    import httpx

    from tests.support import JsonObject


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
