"""Which connections are used again: young ones, to the same server, on which nothing was left."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.convoy.connections import KEEP_ALIVE_S, Connection, Origin
from app.convoy.streams import Limit, Limited
from tests.integration.convoy.test_kept_alive import Server, answer, ask
from tests.integration.convoy.transport_support import OK, PATIENCE_S, Tls, request, sender, serve
from tests.raw_server import raw_server, read_request


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


def test_a_connection_is_not_kept_if_any_header_closes_it() -> None:
    closes = OK.replace(b"\r\n\r\n", b"\r\nConnection: x\r\nconnection: close\r\n\r\n")
    connections = 0

    def close_later(connection: socket.socket) -> None:
        nonlocal connections
        connections += 1
        while read_request(connection):
            connection.sendall(closes)

    with raw_server(close_later) as url, sender() as sent:
        assert [ask(sent, url) for _ in range(2)] == ["ok"] * 2
    assert connections == 2


def test_a_connection_of_a_transport_that_was_closed_is_not_kept() -> None:
    asked, closed, ended = (threading.Event() for _ in range(3))

    def answer_later(connection: socket.socket) -> None:
        read_request(connection)
        asked.set()
        assert closed.wait(timeout=5)
        answer(connection)
        if not read_request(connection):
            ended.set()

    with raw_server(answer_later) as url, sender() as sent, ThreadPoolExecutor() as threads:
        asking = threads.submit(ask, sent, url)
        assert asked.wait(timeout=5)
        sent.close()
        closed.set()
        assert asking.result() == "ok"
        assert ended.wait(timeout=5)


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
