"""Convoy's behaviour on which the event types of a customer's endpoint, and its test, rely."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.integration.contract.convoy.envelope import (
    EVENT,
    data,
    delivery_of,
    event_of,
    listed,
    message,
    publish,
)

if TYPE_CHECKING:
    import httpx

    from tests.integration.e2e.receiving import Receiver
    from tests.support import JsonObject


@pytest.fixture
def types(http: httpx.Client) -> tuple[str, str]:
    """Two event types that the project has."""
    names = (f"test.{uuid4()}", f"test.{uuid4()}")
    for name in names:
        data(http.post("/event-types", json={"name": name}))
    return names


@pytest.fixture
def filters(http: httpx.Client, subscribed: str) -> str:
    """The path of the filters of the endpoint's subscription."""
    (found,) = listed(http, "/subscriptions", endpointId=subscribed)
    return f"/subscriptions/{found['uid']}/filters"


def taken(http: httpx.Client, filters: str) -> dict[str, str]:
    """The uid of each filter, by its event type."""
    return {each["event_type"]: each["uid"] for each in data(http.get(filters), 200)}


def narrow(http: httpx.Client, filters: str, event_type: str) -> None:
    """Let the subscription take this event type alone."""
    data(http.post(filters, json={"event_type": event_type}))
    data(http.delete(f"{filters}/{taken(http, filters)['*']}"), 200)


def send(http: httpx.Client, endpoint: str, event_type: str) -> str:
    """Publish an event to one endpoint; gives its key."""
    key = str(uuid4())
    about = {"endpoint_id": endpoint, "event_type": event_type, "idempotency_key": key}
    answer = http.post("/events", json=EVENT | about)
    assert answer.status_code == 201
    assert answer.json() == {"status": True, "message": "Event queued successfully", "data": None}
    return key


def test_a_new_subscription_has_one_filter_for_all_types(
    http: httpx.Client, filters: str, types: tuple[str, str]
) -> None:
    (first,) = data(http.get(filters), 200)
    made = data(http.post(filters, json={"event_type": types[0]}))

    assert first["event_type"] == "*"
    assert made["event_type"] == types[0]
    newest, oldest = data(http.get(filters), 200)
    assert (newest["uid"], oldest["uid"]) == (made["uid"], first["uid"])


def test_the_filter_for_all_types_outweighs_the_others(
    http: httpx.Client, owner: str, filters: str, types: tuple[str, str]
) -> None:
    data(http.post(filters, json={"event_type": types[0]}))

    event_of(http, publish(http, owner, event_type=types[1]))


def test_without_the_filter_for_all_types_an_unwanted_event_is_a_failure(
    http: httpx.Client, owner: str, filters: str, types: tuple[str, str], receiver: Receiver
) -> None:
    narrow(http, filters, types[0])

    wanted, unwanted = (publish(http, owner, event_type=each) for each in types)

    delivery_of(http, wanted, "Success")
    failed = event_of(http, unwanted, "Failure")
    assert failed["failure_reason"] == "no subscription matched this event"
    assert [each.key for each in receiver.received] == [wanted]
    # The subscription itself does not show its filters.
    (shown,) = listed(http, "/subscriptions", endpointId=failed["endpoints"][0])
    assert shown["filter_config"]["event_types"] == ["*"]


def test_an_event_that_one_of_two_endpoints_wants_is_delivered_to_it(
    http: httpx.Client, owner: str, subscribed: str, filters: str, types: tuple[str, str]
) -> None:
    body = {"name": "other", "url": "http://127.0.0.1:9", "owner_id": owner}
    other = data(http.post("/endpoints", json=body))["uid"]
    narrow(http, filters, types[0])
    subscription = data(http.post("/subscriptions", json={"name": "b", "endpoint_id": other}))
    narrow(http, f"/subscriptions/{subscription['uid']}/filters", types[1])

    key = publish(http, owner, event_type=types[0])

    event_of(http, key)
    (delivery,) = listed(http, "/eventdeliveries", idempotencyKey=key)
    assert delivery["endpoint_id"] == subscribed


def test_without_any_filter_no_event_is_delivered_until_there_is_one_again(
    http: httpx.Client, owner: str, subscribed: str, filters: str
) -> None:
    data(http.delete(f"{filters}/{taken(http, filters)['*']}"), 200)
    assert taken(http, filters) == {}

    event_of(http, publish(http, owner), "Failure")
    event_of(http, send(http, subscribed, "created"), "Failure")
    data(http.post(filters, json={"event_type": "*"}))

    delivery_of(http, publish(http, owner), "Success")


def test_a_filter_needs_an_event_type_of_the_project(http: httpx.Client, filters: str) -> None:
    for body in ({"event_type": f"unknown.{uuid4()}"}, {"event_type": ""}, {}):
        assert message(http.post(filters, json=body), 404) == "event type does not exist"


def test_a_second_filter_for_an_event_type_is_a_400(http: httpx.Client, filters: str) -> None:
    again = http.post(filters, json={"event_type": "*"})

    assert message(again) == "filter with this event type already exists"


def test_an_unknown_filter_or_subscription_is_a_404(http: httpx.Client, filters: str) -> None:
    deleted = f"{filters}/{taken(http, filters)['*']}"
    data(http.delete(deleted), 200)

    assert message(http.delete(deleted), 404) == "filter not found"
    for refused in (
        http.get("/subscriptions/unknown/filters"),
        http.post("/subscriptions/unknown/filters", json={"event_type": "*"}),
        http.delete("/subscriptions/unknown/filters/unknown"),
    ):
        assert message(refused, 404) == "subscription not found"


def test_a_deleted_endpoint_has_no_filters(
    http: httpx.Client, subscribed: str, filters: str
) -> None:
    data(http.delete(f"/endpoints/{subscribed}"), 200)

    assert message(http.get(filters), 404) == "subscription not found"


def test_an_event_to_one_endpoint_reaches_that_one_alone(
    http: httpx.Client, owner: str, subscribed: str, receiver: Receiver
) -> None:
    body = {"name": "other", "url": receiver.url, "owner_id": owner}
    other = data(http.post("/endpoints", json=body))["uid"]
    data(http.post("/subscriptions", json={"name": "all", "endpoint_id": other}))

    key = send(http, subscribed, "an unregistered type")

    delivery = delivery_of(http, key, "Success")
    assert delivery["endpoint_id"] == subscribed
    assert [each.key for each in receiver.received] == [key]


def test_an_event_to_one_endpoint_is_filtered_by_type_too(
    http: httpx.Client, subscribed: str, filters: str, types: tuple[str, str]
) -> None:
    """So a test of an endpoint needs a type that the endpoint gets."""
    narrow(http, filters, types[0])

    for event_type in (types[1], "*"):
        event_of(http, send(http, subscribed, event_type), "Failure")
    delivery_of(http, send(http, subscribed, types[0]), "Success")


def test_an_event_to_an_endpoint_without_a_subscription_is_a_failure(
    http: httpx.Client, endpoint: JsonObject
) -> None:
    event_of(http, send(http, endpoint["uid"], "created"), "Failure")

    assert listed(http, "/subscriptions", endpointId=endpoint["uid"]) == []


def test_an_event_to_a_paused_endpoint_is_discarded(http: httpx.Client, subscribed: str) -> None:
    data(http.put(f"/endpoints/{subscribed}/pause"), 202)

    delivery_of(http, send(http, subscribed, "created"), "Discarded")


@pytest.mark.parametrize(
    ("about", "refusal"),
    [
        ({"endpoint_id": ""}, "please provide an endpoint ID"),
        ({"endpoint_id": "unknown"}, "endpoint not found"),
        ({"event_type": ""}, "event_type:please provide an event type"),
        ({"data": ""}, "data:please provide your data"),
    ],
)
def test_an_event_to_one_endpoint_without_a_field_is_a_400(
    http: httpx.Client, endpoint: JsonObject, about: dict[str, Any], refusal: str
) -> None:
    whole = EVENT | {"endpoint_id": endpoint["uid"]} | about
    body = {name: value for name, value in whole.items() if value}

    assert message(http.post("/events", json=body)) == refusal
