"""A connection that was kept alive may be dead: a request that may be repeated goes out again."""

from __future__ import annotations

import errno
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from app.convoy import errors
from app.convoy.api_key import ApiKey
from app.convoy.connecting import look_up
from app.convoy.connections import Connection, Origin
from app.convoy.exchange import Exchange
from app.convoy.sdk import FanoutEvent, fanout
from app.convoy.streams import Limit, Limited
from app.convoy_admin import sdk
from tests.integration.convoy.transport_support import (
    OK,
    PATIENCE_S,
    post,
    request,
    sender,
)
from tests.raw_server import raw_server, read_request

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.convoy.connecting import Address
    from app.convoy.transport import DeadlineTransport


def hang_up(connection: socket.socket) -> None:
    connection.close()


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def answer(connection: socket.socket) -> None:
    connection.sendall(OK)


class Server:
    """The first `dying` connections answer one request, and call `die` for the next one.

    They end then and not earlier, or the pool would see it. The other connections call `then` for
    each request.
    """

    def __init__(
        self,
        die: Callable[[socket.socket], None] = hang_up,
        dying: int = 1,
        then: Callable[[socket.socket], None] = answer,
    ) -> None:
        self.requests: list[int] = []
        """The number of the connection of each request."""
        self._die, self._dying, self._then = die, dying, then
        self._lock = threading.Lock()
        self._connections = 0
        self._all_there = threading.Barrier(dying or 1, timeout=10)

    def __call__(self, connection: socket.socket) -> None:
        with self._lock:
            number = self._connections
            self._connections += 1
        then = self._then if number >= self._dying else self._answer_once
        while read_request(connection):
            self.requests.append(number)
            then(connection)
            then = self._then if number >= self._dying else self._die

    def _answer_once(self, connection: socket.socket) -> None:
        self._all_there.wait()
        answer(connection)


@pytest.mark.parametrize("die", [hang_up, reset])
def test_a_request_on_a_dead_connection_goes_out_on_a_fresh_one(
    die: Callable[[socket.socket], None],
) -> None:
    server = Server(die)
    with raw_server(server) as url, sender() as sent:
        answers = [ask(sent, url, repeatable=True) for _ in range(2)]

    assert answers == ["ok", "ok"]
    assert server.requests == [0, 0, 1]


def test_a_request_meets_at_most_one_dead_connection() -> None:
    many = 5
    server = Server(dying=many)
    with raw_server(server) as url, sender() as sent:
        with ThreadPoolExecutor(many) as threads:
            first = [threads.submit(ask, sent, url) for _ in range(many)]
            assert [one.result() for one in first] == ["ok"] * many
        assert ask(sent, url, repeatable=True) == "ok"

    assert len(server.requests) == many + 2
    assert server.requests[-1] == many


def test_a_request_that_is_unsafe_to_repeat_is_not_repeated() -> None:
    server = Server()
    with raw_server(server) as url, sender() as sent:
        ask(sent, url)
        with pytest.raises(errors.RemoteProtocolError):
            ask(sent, url)

    assert server.requests == [0, 0]


def test_a_fresh_connection_that_fails_is_not_tried_again() -> None:
    server = Server(dying=0, then=hang_up)
    with raw_server(server) as url, sender() as sent, pytest.raises(errors.RemoteProtocolError):
        ask(sent, url, repeatable=True)

    assert server.requests == [0]


def test_a_request_is_repeated_only_once() -> None:
    server = Server(then=hang_up)
    with raw_server(server) as url, sender() as sent:
        ask(sent, url)
        with pytest.raises(errors.RemoteProtocolError):
            ask(sent, url, repeatable=True)

    assert server.requests == [0, 0, 1]


def test_a_request_is_not_repeated_after_the_first_byte_of_its_answer() -> None:
    def begin(connection: socket.socket) -> None:
        connection.sendall(OK[:1])
        connection.close()

    server = Server(begin)
    with raw_server(server) as url, sender() as sent:
        ask(sent, url)
        with pytest.raises(errors.RemoteProtocolError):
            ask(sent, url, repeatable=True)

    assert server.requests == [0, 0]


def test_a_timeout_of_the_system_is_a_dead_connection_not_a_deadline() -> None:
    class GivenUp(Limited):
        def sendall(self, *_: object) -> None:
            pass

        def recv_into(self, *_: object) -> int:
            raise OSError(errno.ETIMEDOUT, "Connection timed out")

    limit = Limit(time.monotonic() + PATIENCE_S, max_bytes=1024)
    with GivenUp() as given_up:
        connection = Connection(Origin("http", "convoy", 80), given_up, given_up)
        with pytest.raises(errors.ReadError):
            connection.exchange(request("http://convoy/api"), limit, max_bytes=1024)


def test_the_second_try_ends_by_the_deadline_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 0.0
    looked_up = 0

    def take_long_the_second_time(host: str, port: int) -> Sequence[Address]:
        nonlocal seconds, looked_up
        looked_up += 1
        if looked_up == 2:
            seconds = 10.0
        return look_up(host, port)

    clock = SimpleNamespace(monotonic=lambda: seconds)
    monkeypatch.setattr("app.convoy.streams.time", clock)
    server = Server()
    with raw_server(server) as url, sender(look_up=take_long_the_second_time) as sent:
        sent.exchange(request(url), ends_at=10.0)
        with pytest.raises(errors.ConnectTimeout):
            sent.exchange(request(url), ends_at=10.0, repeatable=True)

    assert server.requests == [0, 0]


FANOUT = FanoutEvent(owner_id="ann", event_type="created", idempotency_key="e1")
ENDPOINT = sdk.NewEndpoint(name="ann", url="https://ann.example", owner_id="ann")


@pytest.mark.parametrize(
    ("call", "arguments", "repeated"),
    [
        (fanout.sync_detailed, {"body": FANOUT}, True),
        (sdk.endpoints, {}, True),
        (sdk.create_endpoint, {"body": ENDPOINT}, False),
    ],
)
def test_publishing_and_reading_are_repeated_and_creating_is_not(
    call: Callable[..., object], arguments: dict[str, object], repeated: bool
) -> None:
    server = Server()
    with raw_server(server) as url, closing(exchange(url)) as convoy:
        convoy.answer(call, **arguments)
        if repeated:
            assert convoy.answer(call, **arguments).text == "ok"
        else:
            with pytest.raises(errors.RemoteProtocolError):
                convoy.answer(call, **arguments)

    assert server.requests == ([0, 0, 1] if repeated else [0, 0])


def exchange(url: str) -> Exchange:
    return Exchange(
        base_url=url,
        project_id="p",
        api_key=ApiKey("CO.key"),
        proxy=None,
        deadline_s=PATIENCE_S,
        max_bytes=1024,
    )


def ask(sent: DeadlineTransport, url: str, **options: Any) -> str:
    return post(sent, url, deadline_s=PATIENCE_S, **options).text
