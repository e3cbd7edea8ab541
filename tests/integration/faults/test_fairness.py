"""A text that some server rejects keeps no other owner's events waiting."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from app.http import application
from app.outbox.breaker import Breaker
from app.outbox.request_attempt import OutboxDelivery
from tests.components import make_publisher, make_service
from tests.raw_server import raw_server, read_request
from tests.support import NOW
from tests.tables import make_outbox

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient
    from starlette.requests import Request

NUMBER = 40
POISON = "<script>"
ENVELOPE = b'{"status":true,"message":"","data":null}'


class Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now


class RejectingServer:
    """Answers 201, and the poisoned text with `rejection`; None hangs until the deadline."""

    def __init__(self, rejection: bytes | None, clock: Clock) -> None:
        self._rejection = rejection
        self._clock = clock

    def __call__(self, connection: socket.socket) -> None:
        while request := read_request(connection):
            if POISON.encode() not in request:
                connection.sendall(answer(b"201 Created", ENVELOPE))
            elif self._rejection is not None:
                connection.sendall(self._rejection)
            else:
                self._clock.now += 3600
                connection.sendall(b"H")


def answer(status: bytes, body: bytes, kind: bytes = b"application/json") -> bytes:
    head = b"HTTP/1.1 %b\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n"
    return head % (status, kind, len(body)) + body


REJECTIONS = {
    "403 in HTML": answer(b"403 Forbidden", b"<p>Blocked</p>", b"text/html"),
    "500": answer(b"500 Internal Server Error", b'{"message":"no"}'),
    "503": answer(b"503 Service Unavailable", b'{"message":"no"}'),
    "a hang": None,
}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The publisher's clock; the breaker's clock stands still."""
    clock = Clock()
    for module in ("app.convoy.exchange", "app.convoy.streams"):
        monkeypatch.setattr(f"{module}.time", clock)
    return clock


@pytest.fixture(params=REJECTIONS)
def client(
    request: pytest.FixtureRequest, dynamodb: DynamoDBClient, clock: Clock
) -> Iterator[TestClient]:
    """The API with its breaker; the header `owner` has the owner of a request."""

    def owner_of(request: Request) -> str:
        return request.headers["owner"]

    server = RejectingServer(REJECTIONS[request.param], clock)
    with raw_server(server) as url, closing(make_publisher(url)) as publisher:
        breaker = Breaker(publisher, lambda: 0.0, lambda: 0.0)
        delivery = OutboxDelivery(breaker, make_outbox(dynamodb), lambda: NOW, lambda: 1.0)
        service = make_service(dynamodb, publisher, delivery=delivery)
        with TestClient(application.build([service], owner_of)) as client:
            yield client


def create(client: TestClient, owner: str, number: int, item: str) -> str:
    """Create a todo; gives the `Webhook-Status` of its event."""
    body = {"id": number, "item": item}
    created = client.post("/todo", json=body, headers={"owner": owner})
    assert created.status_code == 201
    return created.headers["webhook-status"]


def test_beside_a_rejected_text_another_owners_events_are_accepted(client: TestClient) -> None:
    statuses = [
        (create(client, "ann", number, POISON), create(client, "bob", number, "x"))
        for number in range(NUMBER)
    ]

    assert statuses == [("pending", "accepted")] * NUMBER


def test_after_a_rejected_text_another_owners_events_are_accepted(client: TestClient) -> None:
    poisoned = [create(client, "ann", number, POISON) for number in range(NUMBER)]
    good = [create(client, "bob", number, "x") for number in range(NUMBER)]

    assert poisoned == ["pending"] * NUMBER
    assert good == ["accepted"] * NUMBER
