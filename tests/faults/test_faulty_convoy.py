"""A Convoy that fails in every way it can: the change is made, and its event arrives afterwards."""

from __future__ import annotations

import socket
import struct
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from app import api
from app.breaker import Breaker
from app.outbox import OutboxDelivery
from app.relay import Relay
from tests.support import (
    GRACE,
    NOW,
    OWNER,
    make_outbox,
    make_publisher,
    make_service,
    raw_server,
    read_request,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.support import Convoy, Outbox

DEADLINE_S = 0.2


def black_hole(connection: socket.socket) -> None:
    """Accepts, and never answers."""


def slow(connection: socket.socket) -> None:
    read_request(connection)
    for byte in b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}":
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def reset_mid_body(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n{")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hang_up(connection: socket.socket) -> None:
    read_request(connection)
    connection.close()


@contextmanager
def refused() -> Iterator[str]:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{closed.getsockname()[1]}/api"


FAULTY: dict[str, Callable[[], AbstractContextManager[str]]] = {
    "black hole": lambda: raw_server(black_hole),
    "slow": lambda: raw_server(slow),
    "reset mid-body": lambda: raw_server(reset_mid_body),
    "hangs up": lambda: raw_server(hang_up),
    "refused": refused,
}

HTML = {"content-type": "text/html"}
ANSWERS: list[dict[str, Any]] = [
    {"status": 400},
    {"status": 401},
    {"status": 403},
    {"status": 404},
    {"status": 415, "body": ""},
    {"status": 429, "headers": {"retry-after": "1"}},
    {"status": 500},
    {"status": 502, "body": "<p>", "headers": HTML},
    {"status": 200, "body": "<p>", "headers": HTML},
    {"status": 307, "headers": {"location": "/api/"}},
    {"status": 201, "body": "{"},
    {"reset": True},
    {"lose_answer": True},
]


@contextmanager
def client_of(dynamodb: DynamoDBClient, base_url: str) -> Iterator[TestClient]:
    """The API with its breaker, publishing to `base_url`."""
    publisher = make_publisher(base_url, deadline_s=DEADLINE_S)
    delivery = OutboxDelivery(Breaker(publisher, lambda: 0.0), make_outbox(dynamodb))
    service = make_service(dynamodb, publisher, delivery=delivery)
    with TestClient(api.build(service, lambda _: OWNER)) as client:
        yield client
    publisher.close()


def relay(dynamodb: DynamoDBClient, convoy: Convoy) -> int:
    """One pass, when the rows are due, with a Convoy that is well; how many it delivered."""
    convoy.recover()
    publisher = make_publisher(convoy.api)
    due = NOW + GRACE
    report = Relay(publisher, make_outbox(dynamodb), lambda: due, lambda: 1.0).run()
    publisher.close()
    return report.delivered


def changes(client: TestClient) -> list[str]:
    """A creation, an update and a deletion; gives what each says of its event."""
    answers = [
        client.post("/todo", json={"id": 1, "item": "one"}),
        client.put("/todo/1", json={"item": "uno"}),
        client.delete("/todo/1"),
    ]
    assert [answer.status_code for answer in answers] == [201, 200, 200]
    return [answer.headers["webhook-status"] for answer in answers]


@pytest.mark.parametrize("fault", FAULTY)
def test_however_the_connection_fails_changes_succeed_and_events_arrive_later(
    dynamodb: DynamoDBClient, convoy: Convoy, outbox: Outbox, fault: str
) -> None:
    with FAULTY[fault]() as url, client_of(dynamodb, url) as client:
        assert changes(client) == ["pending"] * 3

    assert relay(dynamodb, convoy) == 3
    assert_each_event_once(convoy, outbox)


@pytest.mark.parametrize("fault", ANSWERS, ids=str)
def test_whatever_convoy_answers_changes_succeed_and_events_arrive_later(
    dynamodb: DynamoDBClient, convoy: Convoy, outbox: Outbox, fault: dict[str, Any]
) -> None:
    convoy.fail(**fault)
    with client_of(dynamodb, convoy.api) as client:
        assert changes(client) == ["pending"] * 3

    assert relay(dynamodb, convoy) == 3
    assert_each_event_once(convoy, outbox)


def test_a_201_that_got_lost_is_sent_again_under_its_key_and_convoy_knows_it(
    dynamodb: DynamoDBClient, convoy: Convoy, outbox: Outbox
) -> None:
    convoy.fail(lose_answer=True)
    with client_of(dynamodb, convoy.api) as client:
        client.post("/todo", json={"id": 1, "item": "one"})
    relay(dynamodb, convoy)

    events = convoy.events()
    assert [event["idempotency_key"] for event in events] == ["event-1", "event-1"]
    assert [event["is_duplicate_event"] for event in events] == [False, True]
    assert outbox.event_ids() == []


def test_of_a_black_hole_one_change_finds_out_and_the_next_do_not_try(
    dynamodb: DynamoDBClient,
) -> None:
    tries = 0

    def count(connection: socket.socket) -> None:
        nonlocal tries
        tries += 1

    with raw_server(count) as url, client_of(dynamodb, url) as client:
        for _ in range(5):
            assert changes(client) == ["pending"] * 3
    assert tries == 1


def assert_each_event_once(convoy: Convoy, outbox: Outbox) -> None:
    fresh = [event for event in convoy.events() if not event["is_duplicate_event"]]
    assert sorted(event["idempotency_key"] for event in fresh) == [
        "event-1",
        "event-2",
        "event-3",
    ]
    assert outbox.event_ids() == []
