"""Convoy's behaviour on which the customers' endpoints rely."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from infra.fake_convoy import signatures
from tests.integration.contract.convoy.envelope import (
    EVENT,
    data,
    delivery_of,
    event_of,
    eventually,
    listed,
    message,
    publish,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

    from tests.integration.e2e.receiving import Received, Receiver
    from tests.support import JsonObject


WHOLE = {"name": "mine", "url": "http://127.0.0.1:9"}
"""The fields without which Convoy refuses an update."""


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


@pytest.mark.parametrize("name", ["name", "url"])
def test_an_update_without_a_field_is_a_400_that_names_it(
    http: httpx.Client, endpoint: JsonObject, name: str
) -> None:
    uid = endpoint["uid"]
    body = {field: value for field, value in WHOLE.items() if field != name}

    assert message(http.put(f"/endpoints/{uid}", json=body)).startswith(f"{name}:please provide ")
    assert message(http.put(f"/endpoints/{uid}", content="{")) == "unexpected end of JSON input"


def test_an_update_clears_what_it_leaves_out_and_keeps_owner_status_and_secrets(
    http: httpx.Client, owner: str
) -> None:
    cleared = {"description": "mine", "rate_limit": 7, "rate_limit_duration": 60}
    made = data(http.post("/endpoints", json=WHOLE | cleared | {"owner_id": owner}))
    assert {field: made[field] for field in cleared} == cleared
    data(http.put(f"/endpoints/{made['uid']}/pause"), 202)

    updated = data(http.put(f"/endpoints/{made['uid']}", json=WHOLE | {"name": "new"}), 202)

    found = data(http.get(f"/endpoints/{made['uid']}"), 200)
    for shown in (updated, found):
        assert [shown[field] for field in cleared] == ["", 0, 0]
        assert (shown["name"], shown["status"]) == ("new", "paused")
        assert [each["value"] for each in shown["secrets"]] == [made["secrets"][0]["value"]]
        for field in ("owner_id", "advanced_signatures", "content_type", "http_timeout"):
            assert shown[field] == made[field]


def test_an_update_can_move_an_endpoint_but_not_set_its_secret(
    http: httpx.Client, owner: str, endpoint: JsonObject
) -> None:
    new_owner, uid = str(uuid4()), endpoint["uid"]
    body = WHOLE | {"owner_id": new_owner, "secret": "chosen", "advanced_signatures": False}

    moved = data(http.put(f"/endpoints/{uid}", json=body), 202)

    assert (moved["owner_id"], moved["advanced_signatures"]) == (new_owner, False)
    assert moved["secrets"][0]["value"] == endpoint["secrets"][0]["value"]
    assert listed(http, "/endpoints", ownerId=owner) == []
    assert [each["uid"] for each in listed(http, "/endpoints", ownerId=new_owner)] == [uid]
    kept = data(http.put(f"/endpoints/{uid}", json=WHOLE | {"owner_id": ""}), 202)
    assert (kept["owner_id"], kept["advanced_signatures"]) == (new_owner, False)


def test_an_endpoints_url_is_http_or_https(http: httpx.Client, endpoint: JsonObject) -> None:
    body = WHOLE | {"url": "ftp://127.0.0.1"}

    assert message(http.post("/endpoints", json=body)) == "invalid endpoint scheme"
    assert (
        message(http.put(f"/endpoints/{endpoint['uid']}", json=body)) == "invalid endpoint scheme"
    )


def test_both_secrets_sign_after_a_rotation_for_longer_than_it_says(
    http: httpx.Client, owner: str, subscribed: str, receiver: Receiver
) -> None:
    """`expires_at` takes the number as seconds, and the worker takes it as hours."""
    rotated = data(http.put(f"/endpoints/{subscribed}/expire_secret", json={"expiration": 1}), 200)

    old, new = rotated["secrets"]
    assert new["expires_at"] is None
    expires_at = datetime.fromisoformat(old["expires_at"])
    assert expires_at - datetime.fromisoformat(new["created_at"]) < timedelta(seconds=2)
    eventually(lambda: datetime.now(UTC) > expires_at + timedelta(seconds=2))
    found = data(http.get(f"/endpoints/{subscribed}"), 200)["secrets"]
    assert [each["value"] for each in found] == [old["value"], new["value"]]
    assert [each["deleted_at"] for each in found] == [None, None]
    key = publish(http, owner)
    eventually(lambda: receiver.of(key))
    assert signers(receiver.of(key)[0], [new["value"], old["value"]]) == [1, 0]


def test_a_rotation_without_an_overlap_drops_the_old_secret_soon(
    http: httpx.Client, owner: str, subscribed: str, receiver: Receiver
) -> None:
    body = {"expiration": 0, "secret": "chosen-by-the-caller"}
    rotate = f"/endpoints/{subscribed}/expire_secret"

    assert data(http.put(rotate, json=body), 200)["secrets"][-1]["value"] == body["secret"]

    def secrets() -> Any:
        return data(http.get(f"/endpoints/{subscribed}"), 200)["secrets"]

    eventually(lambda: secrets()[0]["deleted_at"])
    assert [each["value"] for each in secrets()][1:] == [body["secret"]]  # the old one is shown too
    key = publish(http, owner)
    eventually(lambda: receiver.of(key))
    (received,) = receiver.of(key)
    assert received.headers["x-convoy-signature"].count("v1=") == 1
    assert signers(received, ["chosen-by-the-caller"]) == [0]


def test_a_rotation_takes_a_whole_number(http: httpx.Client, endpoint: JsonObject) -> None:
    rotate = f"/endpoints/{endpoint['uid']}/expire_secret"

    wrong = 'body contains incorrect JSON type for field "expiration"'
    for amount in ("1", 1.5):
        assert message(http.put(rotate, json={"expiration": amount})) == wrong
    assert message(http.put(rotate)) == "body must not be empty"
    assert len(data(http.get(f"/endpoints/{endpoint['uid']}"), 200)["secrets"]) == 1


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


def test_a_deleted_endpoint_can_not_be_changed_or_published_to(
    http: httpx.Client, endpoint: JsonObject
) -> None:
    uid = endpoint["uid"]
    data(http.delete(f"/endpoints/{uid}"), 200)

    event = EVENT | {"endpoint_id": uid}
    for refused in (
        http.put(f"/endpoints/{uid}", json=WHOLE),
        http.put(f"/endpoints/{uid}/expire_secret", json={"expiration": 1}),
        http.delete(f"/endpoints/{uid}"),
        http.post("/events", json=event),
    ):
        assert message(refused) == "endpoint not found"


def test_the_deliveries_of_a_deleted_endpoint_show_when_it_was_deleted(
    http: httpx.Client, owner: str, subscribed: str, receiver: Receiver
) -> None:
    key = publish(http, owner)
    delivery = delivery_of(http, key, "Success")
    assert delivery["endpoint_metadata"]["deleted_at"] is None
    data(http.delete(f"/endpoints/{subscribed}"), 200)

    (found,) = listed(http, "/eventdeliveries", endpointId=subscribed)
    metadata = found["endpoint_metadata"]
    assert (metadata["owner_id"], metadata["url"]) == (owner, receiver.url)
    assert (metadata["status"], bool(metadata["deleted_at"])) == ("active", True)
    forced = http.post("/eventdeliveries/forceresend", json={"ids": [found["uid"]]})
    assert forced.json()["message"] == "0 successful, 1 failed"
    assert listed(http, "/subscriptions", endpointId=subscribed) == []


def test_an_unknown_endpoint_is_a_404_only_to_a_get(http: httpx.Client) -> None:
    assert message(http.get("/endpoints/unknown"), 404) == "Resource not found"
    assert message(http.put("/endpoints/unknown/pause")) == "failed to find endpoint"
    assert message(http.post("/endpoints/unknown/activate")) == "failed to find endpoint"


def signers(received: Received, secrets: Sequence[str]) -> list[int]:
    """The places, in the header, of the signatures that these secrets made."""
    at, *made = received.headers["x-convoy-signature"].split(",")
    seconds = int(at.removeprefix("t="))
    signed = [f"v1={signatures.sign(each, seconds, received.body)}" for each in secrets]
    return [made.index(each) for each in signed]
