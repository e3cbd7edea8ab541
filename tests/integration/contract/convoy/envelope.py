"""Calls of Convoy's API, with the data or the message of each answer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.support import JsonObject

WAIT_S = 60.0
"""Seconds that Convoy's worker may take for a job that is due."""

EVENT = {"event_type": "created", "data": {"x": 1}}


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


def publish(http: httpx.Client, owner: str, key: str = "", **about: Any) -> str:
    """Fan an event out; gives its idempotency key."""
    key = key or str(uuid4())
    event = EVENT | {"owner_id": owner, "idempotency_key": key} | about
    assert http.post("/events/fanout", json=event).status_code == 201
    return key


def eventually(look: Callable[[], Any]) -> Any:
    """Look until something is seen, and give it: the worker comes some time after the 201."""
    until = time.monotonic() + WAIT_S
    while not (seen := look()):
        assert time.monotonic() < until, "not in time"
        time.sleep(0.05)
    return seen


def listed(http: httpx.Client, path: str, **filters: Any) -> list[JsonObject]:
    """A page of a list."""
    content: list[JsonObject] = data(http.get(path, params=filters), 200)["content"]
    return content


def event_of(http: httpx.Client, key: str, status: str = "Success") -> JsonObject:
    """The newest event of a key, once it has this status."""

    def look() -> JsonObject | None:
        found = listed(http, "/events", idempotencyKey=key)
        return found[0] if found and found[0]["status"] == status else None

    event: JsonObject = eventually(look)
    return event


def delivery_of(http: httpx.Client, key: str, *statuses: str) -> JsonObject:
    """The delivery of an event, once it exists and has one of these statuses, if any."""

    def look() -> JsonObject | None:
        answer = http.get("/eventdeliveries", params={"idempotencyKey": key})
        found = answer.json()["data"]["content"] if answer.status_code == 200 else []
        return found[0] if found and (not statuses or found[0]["status"] in statuses) else None

    delivery: JsonObject = eventually(look)
    return delivery


def arrived(http: httpx.Client, key: str = "e1") -> list[str]:
    """The answers to the attempts of an event's delivery, once it has succeeded."""
    delivery = delivery_of(http, key, "Success")
    attempts: list[JsonObject] = data(
        http.get(f"/eventdeliveries/{delivery['uid']}/deliveryattempts"), 200
    )
    return [each["http_status"] for each in attempts]


def retry_in_bulk(http: httpx.Client, **filters: str) -> None:
    """Start a retry in bulk, once the last one has ended: a project runs one at a time."""

    def ask() -> bool:
        answer = http.post("/eventdeliveries/batchretry", params=filters)
        if answer.status_code != 200:
            assert message(answer) == "an active batch retry already exists"
            return False
        body = {"status": True, "message": "Batch retry processing", "data": None}
        assert answer.json() == body
        return True

    eventually(ask)
