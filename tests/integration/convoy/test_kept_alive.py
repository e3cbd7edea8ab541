"""A connection that is kept alive may be dead, old, or hold bytes that belong to no answer."""

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
from app.convoy.connections import KEEP_ALIVE_S, Connection, Origin
from app.convoy.exchange import Exchange
from app.convoy.sdk import FanoutEvent, fanout
from app.convoy.streams import Limit, Limited
from app.convoy_admin import sdk
from tests.integration.convoy.transport_support import (
    OK,
    PATIENCE_S,
    Tls,
    post,
    request,
    sender,
    serve,
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


@pytest.mark.parametrize(
    ("later_s", "connections"),
    [
        ([0.0], 1),
        ([19.9], 1),
        ([19.9, 19.9, 19.9], 1),
        ([20.0], 2),
        ([3600.0], 2),
        ([-1.0], 2),
    ],
)
def test_connections_are_kept_20_s_and_a_freeze_counts(
    later_s: list[float], connections: int
) -> None:
    now = 1_800_000_000.0
    accepted = 0

    def count(connection: socket.socket) -> None:
        nonlocal accepted
        accepted += 1
        serve(connection)

    with raw_server(count) as url, sender(wall_clock=lambda: now) as sent:
        ask(sent, url)
        for seconds in later_s:
            now += seconds
            ask(sent, url)

    assert accepted == connections


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_bytes_after_an_answer_are_not_taken_for_the_next(scheme: str) -> None:
    tls = Tls.make()
    server = Doubling(tls if scheme == "https" else None)
    with raw_server(server) as url, sender(ssl_context=tls.client) as sent:
        there = url.replace("http:", f"{scheme}:")
        assert [ask(sent, there) for _ in range(3)] == ["1", "3", "5"]
    assert server.connections == 3


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_answer_that_was_there_before_the_request_is_not_taken_for_its_own(scheme: str) -> None:
    tls = Tls.make()
    connections = 0
    answered, unasked = threading.Event(), threading.Event()

    def answer_unasked(connection: socket.socket) -> None:
        nonlocal connections
        connections += 1
        if scheme == "https":
            connection = tls.server.wrap_socket(connection, server_side=True)
        with connection:
            while read_request(connection):
                answer(connection)
                assert answered.wait(timeout=5)
                connection.sendall(OK.replace(b"ok", b"no"))
                unasked.set()

    with raw_server(answer_unasked) as url, sender(ssl_context=tls.client) as sent:
        there = url.replace("http:", f"{scheme}:")
        assert ask(sent, there) == "ok"
        answered.set()
        assert unasked.wait(timeout=5)
        assert ask(sent, there) == "ok"
    assert connections == 2


def test_connections_that_became_too_old_are_closed_by_the_next_request() -> None:
    many, now = 3, 1_800_000_000.0
    server = Server(dying=many, die=answer)
    ended = threading.Semaphore(0)

    def until_the_end(connection: socket.socket) -> None:
        server(connection)
        ended.release()

    with raw_server(until_the_end) as url, sender(wall_clock=lambda: now) as sent:
        with ThreadPoolExecutor(many) as threads:
            first = [threads.submit(ask, sent, url) for _ in range(many)]
            assert [one.result() for one in first] == ["ok"] * many
        now += KEEP_ALIVE_S
        ask(sent, url)
        assert all(ended.acquire(timeout=5) for _ in range(many))


def test_a_connection_to_one_server_is_not_used_for_another() -> None:
    with raw_server(serve) as url, raw_server(Doubling()) as other, sender() as sent:
        assert [ask(sent, to) for to in (url, other, url)] == ["ok", "1", "ok"]


def test_an_answer_to_a_request_that_could_not_be_sent_whole_counts() -> None:
    def refuse(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")

    class Refused(Limited):
        def sendall(self, *_: object) -> None:
            raise BrokenPipeError

    ours, theirs = socket.socketpair()
    with theirs, Refused(fileno=ours.detach()) as refused:
        refuse(theirs)
        connection = Connection(Origin("http", "convoy", 80), refused, refused)
        limit = Limit(time.monotonic() + PATIENCE_S)
        answer, _ = connection.exchange(request("http://convoy/api"), limit, max_bytes=1024)

        assert answer.status == 413
        assert connection.sock is None


class Doubling:
    """Answers each request twice, in one write, with numbers that go up."""

    def __init__(self, tls: Tls | None = None) -> None:
        self.connections = 0
        self._answers = 0
        self._tls = tls

    def __call__(self, connection: socket.socket) -> None:
        self.connections += 1
        if self._tls is not None:
            connection = self._tls.server.wrap_socket(connection, server_side=True)
        with connection:
            while read_request(connection):
                connection.sendall(self._answer() + self._answer())

    def _answer(self) -> bytes:
        self._answers += 1
        return b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n%d" % self._answers


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
