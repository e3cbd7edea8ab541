"""The stand-in's controls for tests and load generators."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from infra.fake_convoy import application, server
from infra.fake_convoy.project import API_KEY
from tests.integration.contract.convoy.envelope import (
    EVENT,
    delivery_of,
    eventually,
    listed,
    publish,
)
from tests.raw_server import raw_server, read_request
from tests.support import PATIENCE_S

if TYPE_CHECKING:
    from tests.stand_in import Convoy


@pytest.fixture
def http(stand_in: httpx.Client) -> httpx.Client:
    return stand_in


def keys(http: httpx.Client) -> list[str]:
    return [event["idempotency_key"] for event in listed(http, "/events", sort="asc")]


@pytest.mark.parametrize(
    ("how", "left"),
    [
        ({}, []),
        ({"count": 1}, ["e0", "e1", "e2"]),
        ({"count": 9}, []),
        ({"fraction": 0.5}, ["e0", "e1"]),
        ({"fraction": 0.0}, ["e0", "e1", "e2", "e3"]),
    ],
)
def test_a_queue_loses_its_newest_jobs(
    convoy: Convoy, http: httpx.Client, how: dict[str, float], left: list[str]
) -> None:
    convoy.stop_worker()
    for number in range(4):
        publish(http, "ann", f"e{number}")

    lost = convoy.lose("intake", **how)  # type: ignore[arg-type]
    convoy.start_worker()

    assert (lost, keys(http)) == (4 - len(left), left)


def test_all_queues_are_lost_at_once(convoy: Convoy, http: httpx.Client) -> None:
    convoy.endpoint("ann")
    convoy.stop_worker("deliveries")
    publish(http, "ann", "e1")
    convoy.stop_worker("intake")
    publish(http, "ann", "e2")

    assert convoy.lose() == 2
    assert set(convoy.waiting().values()) == {0}


def test_a_lost_attempt_ends_before_its_answer(convoy: Convoy, http: httpx.Client) -> None:
    asked = threading.Event()

    def hang(connection: socket.socket) -> None:
        read_request(connection)
        asked.set()

    with raw_server(hang) as url:
        convoy.endpoint("ann", url)
        publish(http, "ann", "e1")
        assert asked.wait(10)
        delivery = delivery_of(http, "e1", "Processing")
        assert convoy.lose("attempts") == 1

    assert delivery_of(http, "e1")["status"] == "Processing"
    attempts = http.get(f"/eventdeliveries/{delivery['uid']}/deliveryattempts").json()["data"]
    assert attempts == []


def test_a_slow_worker_lets_each_job_wait(convoy: Convoy, http: httpx.Client) -> None:
    convoy.slow_worker(60)
    publish(http, "ann", "e1")
    assert (keys(http), convoy.lose("intake")) == ([], 1)

    convoy.slow_worker(0.01)
    publish(http, "ann", "e2")
    eventually(lambda: keys(http) == ["e2"])


def test_an_unknown_queue_is_a_400(convoy: Convoy) -> None:
    for path, body in (
        ("worker", {"running": False, "queues": ["intakes"]}),
        ("lose", {"queue": "intakes"}),
    ):
        answer = convoy.http.put(f"{convoy.url}/_control/{path}", json=body)
        assert answer.status_code == 400
        assert answer.json()["message"].startswith("no such queue: intakes. Use intake, matching")


def test_a_reset_starts_the_worker_and_empties_the_queues(
    convoy: Convoy, http: httpx.Client
) -> None:
    convoy.stop_worker()
    convoy.slow_worker(60)
    convoy.fail(status=503)
    publish_status = http.post("/events/fanout", json=EVENT | {"owner_id": "ann"}).status_code
    convoy.recover()
    publish(http, "ann", "e1")

    convoy.reset()
    publish(http, "ann", "e2")

    assert (publish_status, keys(http)) == (503, ["e2"])


@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        ({}, [503, 503, 503]),
        ({"path": "/events/fanout"}, [503, 503, 200]),
        ({"path": "/events"}, [201, 201, 503]),
        ({"path": "/events*"}, [503, 503, 503]),
        ({"method": "GET"}, [201, 201, 503]),
        ({"containing": "ring"}, [201, 503, 200]),
        ({"containing": "ring", "method": "GET"}, [201, 201, 200]),
        ({"times": 1, "containing": "ring"}, [201, 503, 200]),
    ],
)
def test_a_fault_applies_only_to_matching_calls(
    convoy: Convoy, http: httpx.Client, fault: dict[str, object], codes: list[int]
) -> None:
    convoy.fail(status=503, **fault)

    def answer(item: str) -> int:
        body = {"owner_id": "ann", "event_type": "created", "data": {"item": item}}
        return http.post("/events/fanout", json=body).status_code

    assert [answer("Buy milk"), answer("Buy a ring"), http.get("/events").status_code] == codes


def publish_and_leave(url: str) -> None:
    """Send a request, and hang up without waiting for the answer."""
    key = f"authorization: Bearer {API_KEY}\r\n"
    body = json.dumps(EVENT | {"owner_id": "ann", "idempotency_key": "e1"})
    head = f"POST /api/v1/projects/p/events/fanout HTTP/1.1\r\nhost: {server.HOST}\r\n{key}"
    with socket.create_connection((server.HOST, int(url.rpartition(":")[2]))) as connection:
        connection.sendall(f"{head}content-length: {len(body)}\r\n\r\n{body}".encode())


def test_a_call_that_hangs_ends_with_its_client() -> None:
    started = time.monotonic()
    with server.running(application.build()) as url, httpx.Client(timeout=PATIENCE_S) as http:
        http.put(f"{url}/_control/faults", json={"status": 503, "delay_s": 600})
        publish_and_leave(url)
    # At its end the server waits for unfinished calls.

    assert time.monotonic() - started < 300


def test_a_delayed_call_is_handled_after_its_client_hung_up(
    convoy: Convoy, http: httpx.Client
) -> None:
    convoy.fail(delay_s=0.05, path="/events/fanout")

    publish_and_leave(convoy.url)

    eventually(lambda: keys(http) == ["e1"])


def test_a_call_meets_the_first_fault_that_fits(convoy: Convoy, http: httpx.Client) -> None:
    convoy.fail_each(
        {"status": 403, "body": "<p>", "containing": "ring", "times": 1},
        {"status": 500, "path": "/events/fanout"},
    )

    def answer(item: str) -> tuple[int, str]:
        body = {"owner_id": "ann", "event_type": "created", "data": {"item": item}}
        response = http.post("/events/fanout", json=body)
        return response.status_code, response.text

    assert answer("Buy a ring") == (403, "<p>")
    assert [answer("Buy a ring")[0], answer("Buy milk")[0]] == [500, 500]
    assert http.get("/events").status_code == 200


def test_no_connection_to_an_endpoint_outlives_its_attempt(convoy: Convoy) -> None:
    """An attempt that is lost can keep httpx from closing other attempts' connections."""
    ended = threading.Semaphore(0)

    def behave(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        ended.release()

    with raw_server(behave) as url:
        convoy.endpoint("ann", url)
        for number in range(2):
            convoy.send(f"e{number}")

        assert [each["status"] for each in convoy.deliveries()] == ["Success"] * 2
        assert ended.acquire(timeout=PATIENCE_S)
        assert ended.acquire(timeout=PATIENCE_S)
