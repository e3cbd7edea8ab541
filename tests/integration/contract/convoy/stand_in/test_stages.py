"""The stages of an event in the stand-in: what each shows, what a loss leaves, what heals it.

A real Convoy does the same when its processes and its Redis are killed, but not on request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.contract.convoy.envelope import (
    arrived,
    data,
    delivery_of,
    event_of,
    eventually,
    listed,
    message,
    publish,
    retry_in_bulk,
)
from tests.integration.contract.convoy.stand_in.conftest import OWNER

if TYPE_CHECKING:
    import httpx

    from infra.fake_convoy.queues import Queue
    from tests.stand_in import Convoy


def send(http: httpx.Client, key: str) -> str:
    """Publish an event; gives Convoy's message."""
    body = {"owner_id": OWNER, "event_type": "created", "data": {}, "idempotency_key": key}
    answer: str = http.post("/events/fanout", json=body).json()["message"]
    return answer


def publish_and_lose(convoy: Convoy, http: httpx.Client, queue: Queue, key: str = "e1") -> None:
    """Publish an event, and lose its job from this queue."""
    convoy.stop_worker(queue)
    publish(http, OWNER, key)
    eventually(lambda: convoy.waiting()[queue] == 1)
    assert convoy.lose(queue) == 1
    convoy.start_worker()


def test_an_event_is_not_listed_before_it_is_stored(
    convoy: Convoy, http: httpx.Client, endpoint: str
) -> None:
    convoy.stop_worker()
    publish(http, OWNER, "e1")
    assert (listed(http, "/events"), convoy.waiting()["intake"]) == ([], 1)

    convoy.start_worker()

    assert arrived(http) == ["204 No Content"]
    assert set(convoy.waiting().values()) == {0}


def test_a_second_publish_heals_a_loss_before_the_event_is_stored(
    convoy: Convoy, http: httpx.Client, endpoint: str
) -> None:
    publish_and_lose(convoy, http, "intake")
    assert listed(http, "/events") == []

    assert send(http, "e1") == "Endpoint fanout event queued successfully"

    assert arrived(http) == ["204 No Content"]


def test_of_two_publishes_before_the_worker_comes_one_is_sent(
    convoy: Convoy, http: httpx.Client, endpoint: str
) -> None:
    convoy.stop_worker()
    answers = {send(http, "e1"), send(http, "e1")}
    convoy.start_worker()

    assert answers == {"Endpoint fanout event queued successfully"}
    assert arrived(http) == ["204 No Content"]
    duplicate, first = listed(http, "/events")
    assert (first["is_duplicate_event"], first["status"]) == (False, "Success")
    assert (duplicate["is_duplicate_event"], duplicate["status"]) == (True, "Processing")
    assert len(listed(http, "/eventdeliveries")) == 1


def test_an_event_is_created_when_the_worker_stores_it(
    convoy: Convoy, http: httpx.Client, endpoint: str
) -> None:
    convoy.stop_worker()
    for key in ("e1", "e2"):
        publish(http, OWNER, key)
    convoy.lose("intake", count=1)
    publish(http, OWNER, "e3")
    convoy.start_worker()

    newer, older = listed(http, "/events")
    assert (newer["idempotency_key"], older["idempotency_key"]) == ("e3", "e1")
    assert older["created_at"] > newer["acknowledged_at"] > older["acknowledged_at"]


def test_a_pending_event_burns_its_key_and_a_replay_delivers_it(
    convoy: Convoy, http: httpx.Client, endpoint: str
) -> None:
    publish_and_lose(convoy, http, "matching")
    pending = event_of(http, "e1", "Pending")

    assert send(http, "e1") == "Duplicate event received, but will not be sent"
    event_of(http, "e1", "Processing")  # the duplicate
    assert listed(http, "/eventdeliveries") == []
    data(http.put(f"/events/{pending['uid']}/replay"), 200)

    assert arrived(http) == ["204 No Content"]


def test_a_replay_in_bulk_delivers_only_pending_events(
    convoy: Convoy, http: httpx.Client, endpoint: str
) -> None:
    publish(http, OWNER, "e0")
    arrived(http, "e0")
    publish_and_lose(convoy, http, "matching")

    assert http.post("/events/batchreplay").json()["message"] == "2 successful, 0 failed"

    assert arrived(http, "e1") == ["204 No Content"]
    assert arrived(http, "e0") == ["204 No Content"]
    assert len(listed(http, "/eventdeliveries")) == 2


def test_a_replay_is_refused_while_the_events_last_replay_waits(
    convoy: Convoy, http: httpx.Client, endpoint: str
) -> None:
    publish_and_lose(convoy, http, "matching")
    convoy.stop_worker()
    replay = f"/events/{event_of(http, 'e1', 'Pending')['uid']}/replay"

    data(http.put(replay), 200)

    assert message(http.put(replay)) == "failed to write event to queue"
    assert http.post("/events/batchreplay").json()["message"] == "0 successful, 1 failed"


@pytest.mark.parametrize(
    ("queue", "status"), [("deliveries", "Scheduled"), ("attempts", "Processing")]
)
def test_only_a_retry_in_bulk_sends_a_hung_delivery(
    convoy: Convoy, http: httpx.Client, endpoint: str, queue: Queue, status: str
) -> None:
    publish_and_lose(convoy, http, queue)
    delivery = delivery_of(http, "e1", status)
    event = event_of(http, "e1")

    resent = http.put(f"/eventdeliveries/{delivery['uid']}/resend")
    forced = http.post("/eventdeliveries/forceresend", json={"ids": [delivery["uid"]]})
    assert message(resent) == "cannot resend event that did not fail previously"
    assert message(forced) == "only successful events can be force resent"
    data(http.put(f"/events/{event['uid']}/replay"), 200)
    assert delivery_of(http, "e1")["status"] == status
    retry_in_bulk(http, status=status)

    assert arrived(http) == ["204 No Content"]


def test_a_retry_in_bulk_sends_a_lost_retry(
    convoy: Convoy, http: httpx.Client, endpoint: str
) -> None:
    convoy.let_the_receiver_fail()
    publish_and_lose(convoy, http, "retries")
    convoy.let_the_receiver_fail(0)
    delivery_of(http, "e1", "Retry")

    retry_in_bulk(http, status="Retry")

    assert arrived(http) == ["503 Service Unavailable", "204 No Content"]


def test_a_retry_in_bulk_resends_failed_deliveries_and_no_arrived_ones(
    convoy: Convoy, http: httpx.Client, endpoint: str
) -> None:
    publish(http, OWNER, "e0")
    arrived(http, "e0")
    convoy.let_the_receiver_fail()
    publish(http, OWNER, "e1")
    delivery_of(http, "e1", "Failure")
    convoy.let_the_receiver_fail(0)

    retry_in_bulk(http)
    retry_in_bulk(http)  # waits until the first one has ended

    assert arrived(http)[-1] == "204 No Content"
    assert arrived(http, "e0") == ["204 No Content"]


def test_a_lost_retry_in_bulk_blocks_the_next_ones_for_ever(
    convoy: Convoy, http: httpx.Client
) -> None:
    convoy.stop_worker("batch_retries")
    retry_in_bulk(http)
    convoy.lose("batch_retries")
    convoy.start_worker()

    refused = http.post("/eventdeliveries/batchretry")

    assert message(refused) == "an active batch retry already exists"
