"""Events whose endpoint changes before the stand-in's worker takes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from infra.fake_convoy.project import shown
from tests.integration.contract.convoy.envelope import (
    arrived,
    data,
    delivery_of,
    event_of,
    listed,
    message,
    publish,
    retry_in_bulk,
)
from tests.integration.contract.convoy.stand_in.conftest import OWNER

if TYPE_CHECKING:
    import httpx

    from tests.stand_in import Convoy


def test_an_endpoint_made_after_the_publish_does_not_get_the_event(
    convoy: Convoy, http: httpx.Client
) -> None:
    convoy.stop_worker()
    publish(http, OWNER, "e1")
    convoy.endpoint(OWNER)
    convoy.start_worker()

    event_of(http, "e1", "Failure")


def test_a_delivery_to_a_disabled_endpoint_is_discarded(convoy: Convoy, http: httpx.Client) -> None:
    body = {"name": "a", "url": convoy.receiver, "owner_id": OWNER, "status": "inactive"}
    endpoint = data(http.post("/endpoints", json=body))["uid"]
    data(http.post("/subscriptions", json={"name": "all", "endpoint_id": endpoint}))
    publish(http, OWNER, "e1")
    delivery = delivery_of(http, "e1", "Discarded")

    retry_in_bulk(http, status="Discarded")

    assert delivery_of(http, "e1")["status"] == "Discarded"
    refused = http.put(f"/eventdeliveries/{delivery['uid']}/resend")
    assert message(refused) == "the endpoint is currently inactive"
    data(http.post(f"/endpoints/{endpoint}/activate"), 202)
    data(http.put(f"/eventdeliveries/{delivery['uid']}/resend"), 200)
    assert arrived(http) == ["204 No Content"]


def test_a_rotated_secret_signs_for_as_many_hours_as_convoy_says_seconds(
    convoy: Convoy, http: httpx.Client, endpoint: str
) -> None:
    rotated = data(http.put(f"/endpoints/{endpoint}/expire_secret", json={"expiration": 2}), 200)
    began = datetime.now(UTC)

    def signatures_after(hours: float, key: str) -> int:
        convoy.clock.read = lambda: began + timedelta(hours=hours)
        publish(http, OWNER, key)
        delivery = delivery_of(http, key, "Success")
        (attempt,) = data(http.get(f"/eventdeliveries/{delivery['uid']}/deliveryattempts"), 200)
        signature: str = attempt["request_http_header"]["X-Convoy-Signature"]
        return signature.count("v1=")

    assert rotated["secrets"][0]["expires_at"] < shown(began + timedelta(seconds=3))
    assert [signatures_after(1.9, "e1"), signatures_after(2.1, "e2")] == [2, 1]


def test_an_event_stays_processing_if_its_endpoint_is_deleted_first(
    convoy: Convoy, http: httpx.Client, endpoint: str
) -> None:
    convoy.stop_worker()
    publish(http, OWNER, "e1")
    data(http.delete(f"/endpoints/{endpoint}"), 200)
    convoy.start_worker()
    event = event_of(http, "e1", "Processing")

    data(http.put(f"/events/{event['uid']}/replay"), 200)

    assert event_of(http, "e1", "Processing")["is_duplicate_event"] is False


def test_a_delivery_to_a_deleted_endpoint_is_discarded(
    convoy: Convoy, http: httpx.Client, endpoint: str
) -> None:
    convoy.stop_worker("deliveries")
    publish(http, OWNER, "e1")
    data(http.delete(f"/endpoints/{endpoint}"), 200)
    convoy.start_worker()

    delivery = delivery_of(http, "e1", "Discarded")
    assert delivery["description"] == "endpoint not found"
    resent = http.put(f"/eventdeliveries/{delivery['uid']}/resend")
    assert message(resent) == "endpoint not found"


def test_an_event_that_no_delivery_can_store_stays_in_retry(
    http: httpx.Client, endpoint: str
) -> None:
    publish(http, OWNER, "e1", data="\0")

    event_of(http, "e1", "Retry")
    assert listed(http, "/eventdeliveries") == []
