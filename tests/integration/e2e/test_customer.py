"""A customer of `make run` registers a receiver, breaks it, repairs it, and gets what it missed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from examples.receiver import verified
from tests.integration.e2e.receiving import receiving, until
from tests.product import CHANGED, NEW, PATH
from tests.support import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.e2e.receiving import Received
    from tests.integration.e2e.stacks import Stack


@pytest.fixture
def http(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.api, timeout=PATIENCE_S) as http:
        yield http


def ask(http: httpx.Client, method: str, path: str, body: object = None) -> Any:
    answer = http.request(method, path, json=body)
    return answer.raise_for_status().json()


def change(http: httpx.Client, method: str, path: str, body: object) -> str:
    """The id of the change's event."""
    event_id: str = http.request(method, path, json=body).raise_for_status().headers["webhook-id"]
    return event_id


def test_a_customer_gets_each_event_though_the_receiver_broke(http: httpx.Client) -> None:
    began = datetime.now(UTC).isoformat()
    with receiving() as receiver:
        made = ask(http, "POST", "/webhooks/endpoints", {"url": receiver.url})
        one = f"/webhooks/endpoints/{made['data']['id']}"

        def is_signed(each: Received) -> bool:
            at = datetime.now(UTC).timestamp()
            return verified(made["secret"], each.body, each.headers["x-convoy-signature"], at)

        receiver.failures = 2
        created = change(http, "POST", PATH, {"id": 7} | NEW)
        until(lambda: receiver.of(created), seconds=PATIENCE_S)
        assert len(receiver.refused) == 2

        ask(http, "PUT", one, {"paused": True})
        updated = change(http, "PUT", f"{PATH}/7", CHANGED)
        missed = f"/webhooks/deliveries?event={updated}&endpoint={made['data']['id']}"
        until(lambda: ask(http, "GET", missed)["data"], seconds=PATIENCE_S)
        assert [each["status"] for each in ask(http, "GET", missed)["data"]] == ["Discarded"]
        assert receiver.of(updated) == []

        ask(http, "PUT", one, {"paused": False})
        recovered = ask(http, "POST", f"{one}/recover", {"since": began})
        assert recovered["data"] == {"resent": 1, "more": False}
        until(lambda: receiver.of(updated), seconds=PATIENCE_S)
        assert all(map(is_signed, receiver.received))
        until(lambda: updated in events(http, began), seconds=PATIENCE_S)
        assert events(http, began) == {
            each.key: json.loads(each.body) for each in receiver.received
        }
        http.delete(one).raise_for_status()


def events(http: httpx.Client, after: str) -> dict[str, Any]:
    """The customer's events since then, by id."""
    page = http.get("/events", params={"after": after}).raise_for_status().json()
    return {event["id"]: event for event in page["data"]}
