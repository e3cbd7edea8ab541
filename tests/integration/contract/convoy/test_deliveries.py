"""Convoy's behaviour on which listing and resending deliveries rely."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.integration.contract.convoy.envelope import (
    data,
    delivery_of,
    event_of,
    eventually,
    listed,
    message,
    publish,
    retry_in_bulk,
)

if TYPE_CHECKING:
    import httpx

    from tests.integration.e2e.receiving import Receiver
    from tests.support import JsonObject

WITHOUT_BACKOFF = pytest.mark.usefixtures("slow_retries")


def test_a_delivery_shows_its_event_endpoint_and_attempts(
    http: httpx.Client, delivered: JsonObject, endpoint: JsonObject, owner: str
) -> None:
    found = data(http.get(f"/eventdeliveries/{delivered['uid']}"), 200)

    assert found["event_type"] == "created"
    assert found["endpoint_id"] == endpoint["uid"]
    assert found["headers"] == {"X-A": ["b"]}
    assert delivered["endpoint_metadata"]["owner_id"] == owner
    assert delivered["endpoint_metadata"]["url"] == endpoint["url"]
    assert found["metadata"]["raw"] == '{"x":1}'
    assert found["metadata"]["retry_limit"] > 1


def test_an_unknown_delivery_is_a_404_or_a_400(http: httpx.Client) -> None:
    unknown = "event delivery not found"

    assert message(http.get("/eventdeliveries/unknown"), 404) == unknown
    assert message(http.get("/eventdeliveries/unknown/deliveryattempts")) == unknown
    assert message(http.put("/eventdeliveries/unknown/resend")) == unknown
    nothing = http.post("/eventdeliveries/forceresend", json={"ids": ["unknown"]})
    assert nothing.json()["message"] == "0 successful, 0 failed"
    key = {"idempotencyKey": str(uuid4())}
    assert message(http.get("/eventdeliveries", params=key)) == "event not found"
    assert data(http.get("/events", params=key), 200)["content"] == []


def test_a_failing_delivery_can_not_be_force_resent(
    http: httpx.Client, delivered: JsonObject
) -> None:
    """A real Convoy waits for its next attempt by then; in the stand-in all three have failed."""
    attempts = f"/eventdeliveries/{delivered['uid']}/deliveryattempts"
    tries = eventually(lambda: data(http.get(attempts), 200))

    assert tries[0]["error"]
    assert tries[0]["msg_id"] == delivered["uid"]
    assert "X-Convoy-Signature" in tries[0]["request_http_header"]
    assert "status" not in tries[0]
    assert "http_status" not in tries[0]
    forced = http.post("/eventdeliveries/forceresend", json={"ids": [delivered["uid"]]})
    assert message(forced) == "only successful events can be force resent"


def test_deliveries_are_filtered_by_endpoint_type_and_status(
    http: httpx.Client, delivered: JsonObject, endpoint: JsonObject
) -> None:
    def count(**filters: str) -> int:
        params = {"endpointId": endpoint["uid"], **filters}
        return len(data(http.get("/eventdeliveries", params=params), 200)["content"])

    assert count() == 1
    assert count(eventId=delivered["event_id"]) == 1
    assert count(subscriptionId=delivered["subscription_id"]) == 1
    assert count(subscriptionId="unknown") == 0
    assert count(eventType="created") == 1
    assert count(eventType="updated") == 0
    assert count(event_type="updated") == 1  # the SDK sends this name, and Convoy ignores it
    assert count(status="Success") == 0
    assert count(status="Nonsense") == 0


def test_several_endpoints_are_one_filter_and_of_several_types_the_first_counts(
    http: httpx.Client, owner: str, delivered: JsonObject
) -> None:
    mine = delivered["endpoint_id"]
    body = {"name": "other", "url": "http://127.0.0.1:9", "owner_id": owner}
    other = data(http.post("/endpoints", json=body))["uid"]
    data(http.post("/subscriptions", json={"name": "all", "endpoint_id": other}))
    event_of(http, publish(http, owner, event_type="updated"))

    def found(**filters: object) -> list[tuple[str, str]]:
        each_of = listed(http, "/eventdeliveries", endpointId=[mine, other], **filters)
        return sorted((each["endpoint_id"], each["event_type"]) for each in each_of)

    every = sorted([(mine, "created"), (mine, "updated"), (other, "updated")])
    assert found() == every
    assert found(eventType=["created", "updated"]) == [(mine, "created")]
    ordered = listed(http, "/eventdeliveries", endpointId=[mine, other], sort="ASC")
    assert [each["uid"] for each in ordered] == sorted(each["uid"] for each in ordered)
    assert listed(http, "/eventdeliveries", endpointId="unknown") == []
    assert listed(http, "/eventdeliveries", endpointId="", perPage=1)  # everybody's


def test_each_status_needs_its_own_parameter(http: httpx.Client, delivered: JsonObject) -> None:
    endpoint = delivered["endpoint_id"]
    every = ["Scheduled", "Processing", "Retry", "Failure"]

    assert listed(http, "/eventdeliveries", endpointId=endpoint, status=every)
    assert not listed(http, "/eventdeliveries", endpointId=endpoint, status=",".join(every))
    assert listed(http, "/eventdeliveries", endpointId=endpoint, status="")


def test_deliveries_are_not_filtered_by_owner(http: httpx.Client, delivered: JsonObject) -> None:
    found = listed(http, "/eventdeliveries", ownerId=str(uuid4()), perPage=1000)

    assert delivered["uid"] in [each["uid"] for each in found]


def test_deliveries_are_filtered_by_their_time_of_creation(
    http: httpx.Client, delivered: JsonObject
) -> None:
    def found(start: str, end: str) -> list[JsonObject]:
        days = {"startDate": f"{start}T00:00:00", "endDate": f"{end}T00:00:00"}
        return listed(http, "/eventdeliveries", eventId=delivered["event_id"], **days)

    assert found("2026-01-01", "2100-01-01")
    assert not found("2020-01-01", "2020-01-02")
    zone = http.get("/eventdeliveries", params={"startDate": "2026-01-01T00:00:00Z"})
    assert message(zone).startswith("please specify a startDate in the format")


@WITHOUT_BACKOFF
def test_only_a_retry_in_bulk_sends_before_the_next_attempt(
    http: httpx.Client, owner: str, subscribed: str, receiver: Receiver
) -> None:
    receiver.failures = 1
    key = publish(http, owner)
    delivery = delivery_of(http, key, "Retry")

    resent = http.put(f"/eventdeliveries/{delivery['uid']}/resend")
    forced = http.post("/eventdeliveries/forceresend", json={"ids": [delivery["uid"]]})
    assert message(resent) == "cannot resend event that did not fail previously"
    assert message(forced) == "only successful events can be force resent"
    retry_in_bulk(http, status="Retry", endpointId=subscribed)

    assert delivery_of(http, key, "Success")["metadata"]["num_trials"] == 2
    assert [each.key for each in receiver.received] == [key]


@WITHOUT_BACKOFF
def test_a_retry_in_bulk_ignores_the_owner(
    http: httpx.Client, owner: str, subscribed: str, receiver: Receiver
) -> None:
    receiver.failures = 1
    key = publish(http, owner)
    delivery_of(http, key, "Retry")

    retry_in_bulk(http, status="Retry", ownerId=str(uuid4()), endpointId=subscribed)

    delivery_of(http, key, "Success")


def test_only_forceresend_sends_an_arrived_delivery_again(
    http: httpx.Client, owner: str, subscribed: str, receiver: Receiver
) -> None:
    key = publish(http, owner)
    delivery = delivery_of(http, key, "Success")

    resent = http.put(f"/eventdeliveries/{delivery['uid']}/resend")
    assert message(resent) == "event already sent"
    forced = http.post("/eventdeliveries/forceresend", json={"ids": [delivery["uid"]]})
    assert forced.json()["message"] == "1 successful, 0 failed"

    eventually(lambda: len(receiver.of(key)) == 2)


def test_a_retry_in_bulk_sends_even_to_a_paused_endpoint(
    http: httpx.Client, owner: str, subscribed: str, receiver: Receiver
) -> None:
    data(http.put(f"/endpoints/{subscribed}/pause"), 202)
    key = publish(http, owner)
    delivery_of(http, key, "Discarded")

    retry_in_bulk(http, status="Discarded", endpointId=subscribed)

    delivery_of(http, key, "Success")
    assert [each.key for each in receiver.received] == [key]


def test_a_delivery_to_a_paused_endpoint_is_discarded_until_it_is_resent(
    http: httpx.Client, owner: str, subscribed: str, receiver: Receiver
) -> None:
    data(http.put(f"/endpoints/{subscribed}/pause"), 202)
    key = publish(http, owner)
    delivery = delivery_of(http, key, "Discarded")
    assert event_of(http, key)["status"] == "Success"

    resend = f"/eventdeliveries/{delivery['uid']}/resend"
    assert message(http.put(resend)) == "the endpoint is currently paused"
    data(http.put(f"/endpoints/{subscribed}/pause"), 202)
    assert receiver.received == []
    data(http.put(resend), 200)

    eventually(lambda: receiver.of(key))
