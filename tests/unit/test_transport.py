"""One deadline bounds an exchange from the look-up to the last byte, on loopback and for real."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import httpcore
import httpx
import pytest

from app.transport import ERRORS, DeadlineTransport
from tests.support import raw_server, read_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

DEADLINE_S = 0.2
PATIENCE_S = 1.0
"""Far over the deadline and far under what each of these servers would take."""


def drip(connection: socket.socket) -> None:
    """A byte of a head that never ends, every 20 ms: each read is quick, all of them are not."""
    read_request(connection)
    while True:
        connection.sendall(b"H")
        time.sleep(0.02)


def drip_body(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)


def black_hole(connection: socket.socket) -> None:
    """Accepts, and never reads nor answers."""


@pytest.mark.parametrize("behave", [drip, drip_body, black_hole])
def test_a_server_that_takes_for_ever_is_left_at_the_deadline(
    behave: Callable[[socket.socket], None],
) -> None:
    with raw_server(behave) as url, client() as http:
        started = time.monotonic()
        with pytest.raises(httpcore.ReadTimeout):
            http.get(url)
        assert time.monotonic() - started < PATIENCE_S


def test_a_server_that_does_not_read_is_left_at_the_deadline() -> None:
    with raw_server(black_hole) as url, client() as http, pytest.raises(httpcore.WriteTimeout):
        http.post(url, content=b"x" * 50_000_000)


def test_a_tls_handshake_that_is_not_answered_is_left_at_the_deadline() -> None:
    with raw_server(black_hole) as url, client() as http, pytest.raises(httpcore.ConnectTimeout):
        http.get(url.replace("http:", "https:"))


class SlowConnect(httpcore.SyncBackend):
    """A name whose look-up hangs: it can't be interrupted, and ends long after the deadline."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.late: list[httpcore.NetworkStream | OSError] = []

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        self.go_on.wait()
        stream = super().connect_tcp(host, port, timeout, local_address, socket_options)
        self.late.append(stream)
        return stream


def test_a_look_up_that_hangs_is_left_at_the_deadline_and_its_connection_closed_when_it_comes() -> (
    None
):
    closed = threading.Event()

    def wait_for_the_end(connection: socket.socket) -> None:
        if connection.recv(1) == b"":
            closed.set()

    backend = SlowConnect()
    with raw_server(wait_for_the_end) as url, client(backend) as http:
        with pytest.raises(httpcore.ConnectTimeout):
            http.get(url)
        backend.go_on.set()
        assert closed.wait(timeout=5)
    assert len(backend.late) == 1


def test_a_look_up_that_fails_after_the_deadline_does_no_harm() -> None:
    backend = SlowConnect()
    with socket.socket() as unused, client(backend) as http:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(httpcore.ConnectTimeout):
            http.get(f"http://127.0.0.1:{unused.getsockname()[1]}")
        backend.go_on.set()


def test_a_deadline_that_passed_before_the_first_byte_sends_nothing() -> None:
    with raw_server(black_hole) as url, client(deadline_s=0.0) as http, pytest.raises(ERRORS):
        http.get(url)


def test_connections_are_kept_alive_between_exchanges() -> None:
    connections = 0

    def serve(connection: socket.socket) -> None:
        nonlocal connections
        connections += 1
        while read_request(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

    with raw_server(serve) as url, client(deadline_s=5.0) as http:
        assert [http.get(url).text for _ in range(5)] == ["ok"] * 5
    assert connections == 1


def test_each_exchange_has_a_deadline_of_its_own() -> None:
    def serve(connection: socket.socket) -> None:
        while read_request(connection):
            time.sleep(DEADLINE_S / 2)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

    with raw_server(serve) as url, client() as http:
        assert [http.get(url).text for _ in range(4)] == ["ok"] * 4


def client(
    backend: httpcore.NetworkBackend | None = None, deadline_s: float = DEADLINE_S
) -> httpx.Client:
    return httpx.Client(transport=DeadlineTransport(deadline_s, backend=backend))
