"""One deadline bounds an exchange from the look-up to the last byte, over real sockets."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from app.convoy import connecting, errors
from app.convoy.transport import ERRORS
from tests.integration.convoy.transport_support import (
    OK,
    PATIENCE_S,
    Tls,
    drip,
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


def drip_body(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)


def begin(connection: socket.socket) -> None:
    """Begins an answer, and never ends it."""
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")


def black_hole(connection: socket.socket) -> None:
    """Accepts a connection, and never reads or answers."""


def after_one(behave: Callable[[socket.socket], None]) -> Callable[[socket.socket], None]:
    """Answers one request first: the next has a connection, whatever else the machine does."""

    def behaved(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(OK)
        behave(connection)

    return behaved


def fails_in_time(
    sent: DeadlineTransport, url: str, error: type[errors.NoAnswer], body: bytes = b""
) -> None:
    post(sent, url, deadline_s=PATIENCE_S)
    started = time.monotonic()
    with pytest.raises(error):
        post(sent, url, body)
    assert time.monotonic() - started < PATIENCE_S


@pytest.mark.parametrize("behave", [drip, drip_body, black_hole])
def test_an_exchange_with_a_hanging_server_ends_at_the_deadline(
    behave: Callable[[socket.socket], None],
) -> None:
    with raw_server(after_one(behave)) as url, sender() as sent:
        fails_in_time(sent, url, errors.ReadTimeout)


def sip(connection: socket.socket) -> None:
    """Reads a little at a time: each write makes some progress, and the whole takes for ever."""
    while connection.recv(4096):
        time.sleep(0.01)


@pytest.mark.parametrize("behave", [black_hole, sip])
def test_a_write_to_a_server_that_reads_slowly_ends_at_the_deadline(
    behave: Callable[[socket.socket], None],
) -> None:
    with raw_server(after_one(behave)) as url, sender() as sent:
        fails_in_time(sent, url, errors.WriteTimeout, b"x" * 50_000_000)


@pytest.mark.parametrize(
    ("behave", "error", "size"),
    [(drip_body, errors.ReadTimeout, 0), (sip, errors.WriteTimeout, 50_000_000)],
)
def test_the_deadline_holds_over_tls_too(
    behave: Callable[[socket.socket], None], error: type[errors.NoAnswer], size: int
) -> None:
    tls = Tls.make()

    def behave_over_tls(connection: socket.socket) -> None:
        with tls.server.wrap_socket(connection, server_side=True) as secured:
            after_one(behave)(secured)

    with raw_server(behave_over_tls) as url, sender(ssl_context=tls.client) as sent:
        fails_in_time(sent, url.replace("http:", "https:"), error, b"x" * size)


def test_an_answer_that_ends_without_a_close_alert_is_cut() -> None:
    tls = Tls.make()

    def cut(connection: socket.socket) -> None:
        with tls.server.wrap_socket(connection, server_side=True) as secured:
            read_request(secured)
            secured.sendall(b'HTTP/1.1 201 Created\r\n\r\n{"status": tru')

    with (
        raw_server(cut) as url,
        sender(ssl_context=tls.client) as sent,
        pytest.raises(errors.ReadError),
    ):
        post(sent, url.replace("http:", "https:"), deadline_s=PATIENCE_S)


def test_waiting_for_a_free_connection_ends_at_the_deadline() -> None:
    taken = threading.Event()

    def keep(connection: socket.socket) -> None:
        begin(connection)
        taken.set()

    with (
        ThreadPoolExecutor() as threads,
        raw_server(keep) as url,
        sender(max_connections=1) as sent,
    ):
        threads.submit(post, sent, url, deadline_s=10)
        assert taken.wait(timeout=5)
        with pytest.raises(errors.ConnectTimeout):
            post(sent, url, deadline_s=1.0)


def test_waiting_for_a_connection_counts_towards_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds, taken, asked, go_on = 0.0, *(threading.Event() for _ in range(3))

    def monotonic() -> float:
        now = seconds
        asked.set()
        return now

    def wait(connection: socket.socket) -> None:
        read_request(connection)
        taken.set()
        go_on.wait()
        connection.sendall(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")

    monkeypatch.setattr("app.convoy.streams.time", SimpleNamespace(monotonic=monotonic))
    with (
        ThreadPoolExecutor() as threads,
        raw_server(wait) as url,
        sender(max_connections=1) as sent,
    ):
        threads.submit(sent.exchange, request(url), ends_at=1000.0)
        assert taken.wait(timeout=5)
        asked.clear()
        waiting = threads.submit(sent.exchange, request(url), ends_at=60.0)
        assert asked.wait(timeout=5)
        seconds = 60.0
        go_on.set()
        assert isinstance(waiting.exception(timeout=5), errors.ConnectTimeout)


def test_a_connection_whose_deadline_passed_before_its_handshake_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds = 0.0
    received: Queue[bytes] = Queue()
    race = connecting.race

    def connect_late(*how: Any) -> socket.socket:
        nonlocal seconds
        connected = race(*how)
        seconds = 10.0
        return connected

    def read(connection: socket.socket) -> None:
        connection.settimeout(PATIENCE_S)
        received.put(connection.recv(1))

    clock = SimpleNamespace(monotonic=lambda: seconds)
    monkeypatch.setattr("app.convoy.streams.time", clock)
    monkeypatch.setattr(connecting, "race", connect_late)
    with raw_server(read) as url, sender(ssl_context=ssl.create_default_context()) as sent:
        with pytest.raises(errors.ConnectTimeout):
            sent.exchange(request(url.replace("http:", "https:")), ends_at=10.0)
        assert received.get(timeout=PATIENCE_S) == b""


def test_an_untrusted_certificate_is_a_connection_error() -> None:
    tls = Tls.make()

    def greet(connection: socket.socket) -> None:
        tls.server.wrap_socket(connection, server_side=True)

    with (
        raw_server(greet) as url,
        sender() as sent,
        pytest.raises(errors.ConnectError, match="certificate verify failed"),
    ):
        post(sent, url.replace("http:", "https:"), deadline_s=PATIENCE_S)


def test_a_request_that_is_not_http_is_not_sent() -> None:
    received: Queue[bytes] = Queue()

    def read(connection: socket.socket) -> None:
        received.put(connection.recv(1))

    with raw_server(read) as url, sender() as sent:
        asked = request(url)
        for bad in (
            asked._replace(headers=[(b"x", b"a\r\nb: c")]),
            asked._replace(headers=[(b"x", b"a\0")]),
            asked._replace(headers=[(b"x y:", b"a")]),
            asked._replace(target="/a b"),
            asked._replace(target="/ä"),
        ):
            with pytest.raises(errors.LocalProtocolError):
                sent.exchange(bad, time.monotonic() + PATIENCE_S)
            assert received.get(timeout=PATIENCE_S) == b""


def test_an_unanswered_tls_handshake_ends_at_the_deadline() -> None:
    with raw_server(black_hole) as url, sender() as sent, pytest.raises(errors.ConnectTimeout):
        post(sent, url.replace("http:", "https:"))


class SlowLookUp:
    """A look-up that hangs: it can't be interrupted, and ends long after the deadline."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.ended = threading.Semaphore(0)
        self.number = 0

    def __call__(self, host: str, port: int) -> Sequence[Address]:
        self.go_on.wait()
        self.number += 1
        self.ended.release()
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def test_a_hanging_look_up_ends_at_the_deadline_and_opens_no_connection() -> None:
    connections = 0

    def count(connection: socket.socket) -> None:
        nonlocal connections
        connections += 1
        serve(connection)

    look_up = SlowLookUp()
    with raw_server(count) as url, sender(look_up=look_up) as sent:
        with pytest.raises(errors.ConnectTimeout):
            post(sent, url)
        look_up.go_on.set()
        assert look_up.ended.acquire(timeout=5)
        assert post(sent, url, deadline_s=PATIENCE_S).text == "ok"
    assert connections == 1


def test_abandoned_look_ups_do_not_delay_the_next() -> None:
    look_up = SlowLookUp()
    with raw_server(serve) as url, sender(look_up=look_up) as sent:
        with ThreadPoolExecutor(max_workers=40) as threads:
            given_up = [threads.submit(post, sent, url) for _ in range(40)]
        assert all(isinstance(one.exception(), errors.ConnectTimeout) for one in given_up)
        look_up.go_on.set()
        assert post(sent, url, deadline_s=PATIENCE_S).text == "ok"
    assert look_up.number < 20  # the eight that had begun, and the one that was wanted


def test_a_deadline_that_passed_before_the_first_byte_sends_nothing() -> None:
    with raw_server(black_hole) as url, sender() as sent, pytest.raises(ERRORS):
        post(sent, url, deadline_s=0.0)


def test_connections_are_kept_alive_between_exchanges() -> None:
    connections = 0

    def count(connection: socket.socket) -> None:
        nonlocal connections
        connections += 1
        serve(connection)

    with raw_server(count) as url, sender() as sent:
        assert [post(sent, url, deadline_s=5.0).text for _ in range(5)] == ["ok"] * 5
    assert connections == 1


def test_connections_are_kept_alive_however_many_are_in_use() -> None:
    many, rounds = 30, 3
    connections: list[socket.socket] = []
    all_there = threading.Barrier(many, timeout=10)

    def gather(connection: socket.socket) -> None:
        connections.append(connection)
        while read_request(connection):
            all_there.wait()
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with ThreadPoolExecutor(many) as threads, raw_server(gather) as url, sender() as sent:
        for _ in range(rounds):
            asked = [threads.submit(post, sent, url, deadline_s=10) for _ in range(many)]
            assert [one.result().status_code for one in asked] == [204] * many

    assert len(connections) == many


def test_each_exchange_has_its_own_deadline() -> None:
    deadline_s = 1.0

    def take_a_while(connection: socket.socket) -> None:
        while read_request(connection):
            time.sleep(deadline_s / 3)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

    with raw_server(take_a_while) as url, sender() as sent:
        assert [post(sent, url, deadline_s=deadline_s).text for _ in range(4)] == ["ok"] * 4
