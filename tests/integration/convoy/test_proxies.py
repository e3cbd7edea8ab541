"""Requests to Convoy use the environment's proxy, over real sockets, within their deadline."""

from __future__ import annotations

import base64
import json
import re
import socket
import threading
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from app.convoy import errors
from app.convoy.connections import Origin
from app.convoy.proxies import Proxy
from app.domain.events import Event
from app.outbox.outcomes import Accepted, Misconfigured, Unavailable
from app.settings import Settings, SettingsError
from app.wiring import api as wiring
from app.wiring.convoy_admin import ConvoyComponents
from infra.fake_convoy.project import PROJECT_ID
from tests.components import make_publisher
from tests.integration.convoy.transport_support import (
    DEADLINE_S,
    HOST,
    PATIENCE_S,
    Tls,
    drip,
    post,
    sender,
)
from tests.raw_server import raw_server, read_request
from tests.stand_in import deployment
from tests.support import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.stand_in import Convoy

EVENT = Event("e1", "ann", "created", NOW, {"event": "todo.created"})
ENVELOPE = b'{"status":true,"message":"","data":null}'
CREATED = b"HTTP/1.1 201 Created\r\ncontent-length: %d\r\n\r\n%b" % (len(ENVELOPE), ENVELOPE)
CREDENTIALS = b"Proxy-Authorization: Basic " + base64.b64encode(b"me:p@ss")


class ProxyServer:
    """A proxy that connects every name to `upstream`."""

    def __init__(self, upstream: tuple[str, int], tls: Tls | None = None) -> None:
        self.connections = 0
        self.requests: list[bytes] = []
        self._upstream = upstream
        self._tls = tls

    def __call__(self, connection: socket.socket) -> None:
        self.connections += 1
        if self._tls is not None:
            connection = self._tls.server.wrap_socket(connection, server_side=True)
        with connection, socket.create_connection(self._upstream) as upstream:
            while request := read_request(connection):
                self.requests.append(request)
                if request.startswith(b"CONNECT "):
                    connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    self._tunnel(connection, upstream)
                else:
                    upstream.sendall(re.sub(rb"^(\w+) http://[^/]+", rb"\1 ", request))
                    connection.sendall(read_request(upstream))

    def _tunnel(self, connection: socket.socket, upstream: socket.socket) -> None:
        back = threading.Thread(target=_relay, args=(upstream, connection))
        back.start()
        _relay(connection, upstream)
        back.join()


def _relay(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while received := source.recv(65_536):
            target.sendall(received)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def at(url: str) -> tuple[str, int]:
    host, port = url.removeprefix("http://").split("/")[0].split(":")
    return host, int(port)


@contextmanager
def proxy_to(
    upstream: str, monkeypatch: pytest.MonkeyPatch, scheme: str = "http", tls: Tls | None = None
) -> Iterator[ProxyServer]:
    """A proxy that the environment names, with credentials."""
    server = ProxyServer(at(upstream), tls)
    with raw_server(server) as url:
        host, port = at(url)
        for name in ("HTTPS_PROXY", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"{scheme}://me:p%40ss@{host}:{port}")
        yield server


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tls:
    """The environment trusts its authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return Tls.make(tmp_path / "ca.pem")


def convoy_over(
    tls: Tls | None, requests: list[bytes], answer: bytes = CREATED
) -> Callable[[socket.socket], None]:
    def behave(connection: socket.socket) -> None:
        if tls is not None:
            connection = tls.server.wrap_socket(connection, server_side=True)
        with connection:
            while request := read_request(connection):
                requests.append(request)
                connection.sendall(answer)

    return behave


@contextmanager
def publishing(url: str, **override: Any) -> Iterator[Any]:
    proxy = Proxy.of_environment(url)
    assert proxy is not None
    with closing(make_publisher(url, proxy=proxy, **override)) as publisher:
        yield publisher


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_https_goes_through_a_tunnel_that_is_kept_and_shows_no_key(
    monkeypatch: pytest.MonkeyPatch, tls: Tls, scheme: str
) -> None:
    requests: list[bytes] = []
    with (
        raw_server(convoy_over(tls, requests)) as upstream,
        proxy_to(upstream, monkeypatch, scheme, tls if scheme == "https" else None) as proxy,
        publishing(f"https://{HOST}/api") as publisher,
    ):
        assert [publisher.publish(EVENT) for _ in range(2)] == [Accepted()] * 2

    (head,) = proxy.requests
    assert head.startswith(b"CONNECT convoy.test:443 HTTP/1.1\r\nHost: convoy.test:443\r\n")
    assert CREDENTIALS in head
    assert [request.split(b" HTTP")[0] for request in requests] == [
        b"POST /api/v1/projects/local/events/fanout"
    ] * 2
    assert b"CO.local" in requests[0]
    assert b"CO.local" not in head
    assert b"Proxy-Authorization" not in requests[0]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_http_is_forwarded(monkeypatch: pytest.MonkeyPatch, tls: Tls, scheme: str) -> None:
    requests: list[bytes] = []
    with (
        raw_server(convoy_over(None, requests)) as upstream,
        proxy_to(upstream, monkeypatch, scheme, tls if scheme == "https" else None) as proxy,
        publishing(f"http://{HOST}:8080/api") as publisher,
    ):
        assert [publisher.publish(EVENT) for _ in range(2)] == [Accepted()] * 2

    assert proxy.connections == 1
    assert len(requests) == 2
    for request in proxy.requests:
        head, _, body = request.partition(b"\r\n\r\n")
        assert head.startswith(
            b"POST http://convoy.test:8080/api/v1/projects/local/events/fanout HTTP/1.1\r\n"
        )
        assert b"Host: convoy.test:8080\r\n" in head
        assert CREDENTIALS in head
        assert json.loads(body)["idempotency_key"] == "e1"


def test_an_ipv6_address_has_its_brackets(monkeypatch: pytest.MonkeyPatch, tls: Tls) -> None:
    with (
        raw_server(convoy_over(tls, [])) as upstream,
        proxy_to(upstream, monkeypatch) as proxy,
        publishing("https://[2001:db8::1]/api") as publisher,
    ):
        publisher.publish(EVENT)  # the certificate is for another name

    assert proxy.requests[0].startswith(
        b"CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:"
    )


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (b"407 Proxy Authentication Required", Misconfigured),
        (b"403 Forbidden", Misconfigured),
        (b"502 Bad Gateway", Unavailable),
    ],
)
def test_a_refused_tunnel_gives_the_proxys_answer(
    monkeypatch: pytest.MonkeyPatch, status: bytes, outcome: type[Misconfigured | Unavailable]
) -> None:
    def refuse(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 %b\r\ncontent-length: 3\r\n\r\nno!" % status)

    with raw_server(refuse) as url:
        monkeypatch.setenv("HTTPS_PROXY", url.removesuffix("/api"))
        with publishing(f"https://{HOST}/api") as publisher:
            found = publisher.publish(EVENT)

    number, reason = status.decode().split(" ", 1)
    assert isinstance(found, outcome)
    assert found.reason == f"{number}: the proxy opened no tunnel: {reason}"


def test_a_407_to_a_forwarded_request_is_a_misconfiguration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n"
    with (
        raw_server(convoy_over(None, [], answer)) as upstream,
        proxy_to(upstream, monkeypatch),
        publishing(f"http://{HOST}/api") as publisher,
    ):
        outcome = publisher.publish(EVENT)

    assert outcome == Misconfigured("407: not Convoy's JSON but no content type")


def swallow(connection: socket.socket) -> None:
    """Never answers."""
    while connection.recv(65_536):
        pass


def drip_a_handshake(connection: socket.socket) -> None:
    """Opens a tunnel, and sends a record that never ends through it."""
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    connection.recv(65_536)
    connection.sendall(b"\x16\x03\x03\x40\x00")
    while True:
        connection.sendall(b"\0")
        time.sleep(0.02)


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("behave", [swallow, drip, drip_a_handshake])
def test_an_exchange_through_a_hanging_proxy_ends_at_the_deadline(
    behave: Callable[[socket.socket], None], secure: bool
) -> None:
    tls = Tls.make()

    def behave_over_tls(connection: socket.socket) -> None:
        with tls.server.wrap_socket(connection, server_side=True) as secured:
            behave(secured)

    with raw_server(behave_over_tls if secure else behave) as url:
        proxy = Proxy(Origin("https" if secure else "http", *at(url)), tunnels=True)
        with sender(proxy=proxy, ssl_context=tls.client) as sent:
            started = time.monotonic()
            with pytest.raises(errors.ConnectTimeout):
                post(sent, f"https://{HOST}/api", deadline_s=DEADLINE_S * 2)
            assert time.monotonic() - started < PATIENCE_S


def test_failed_handshakes_in_tunnels_leave_room_for_the_next() -> None:
    def hang_up(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        connection.recv(65_536)
        connection.close()

    with raw_server(hang_up) as url:
        proxy = Proxy(Origin("http", *at(url)), tunnels=True)
        with sender(proxy=proxy, max_connections=2) as sent:
            for _ in range(4):
                with pytest.raises(errors.ConnectError):
                    post(sent, f"https://{HOST}/api", deadline_s=PATIENCE_S)


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 200 OK\r\n\r\nmore", b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", b"HTTP/1.1 200"],
)
def test_a_tunnel_whose_answer_is_not_http_is_a_connection_error(answer: bytes) -> None:
    def answer_so(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answer)
        connection.close()

    with raw_server(answer_so) as url:
        proxy = Proxy(Origin("http", *at(url)), tunnels=True)
        with sender(proxy=proxy) as sent, pytest.raises(errors.ConnectError):
            post(sent, f"https://{HOST}/api", deadline_s=PATIENCE_S)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("secure", [False, True])
def test_bytes_after_a_tunnels_answer_are_not_taken_for_the_next(
    monkeypatch: pytest.MonkeyPatch, tls: Tls, scheme: str, secure: bool
) -> None:
    """Each further request gets a tunnel of its own."""
    requests: list[bytes] = []
    convoy = convoy_over(tls if scheme == "https" else None, requests, CREATED * 2)
    with (
        raw_server(convoy) as upstream,
        proxy_to(
            upstream, monkeypatch, "https" if secure else "http", tls if secure else None
        ) as proxy,
        publishing(f"{scheme}://{HOST}/api") as publisher,
    ):
        assert [publisher.publish(EVENT) for _ in range(3)] == [Accepted()] * 3
        assert (proxy.connections, len(requests)) == (3, 3)


def test_a_dead_tunnel_loses_no_publish(monkeypatch: pytest.MonkeyPatch, tls: Tls) -> None:
    connections = 0

    def once(connection: socket.socket) -> None:
        nonlocal connections
        connections += 1
        with tls.server.wrap_socket(connection, server_side=True) as secured:
            read_request(secured)
            secured.sendall(CREATED)
            read_request(secured)

    with (
        raw_server(once) as upstream,
        proxy_to(upstream, monkeypatch),
        publishing(f"https://{HOST}/api") as publisher,
    ):
        assert [publisher.publish(EVENT) for _ in range(2)] == [Accepted()] * 2
    assert connections == 2


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, convoy: Convoy) -> Settings:
    monkeypatch.chdir(tmp_path)
    for name, value in (deployment(convoy, "house") | {"CONVOY_DEADLINE_S": "10"}).items():
        monkeypatch.setenv(name, value)
    return Settings.load()


def test_every_component_reaches_convoy_through_the_proxy(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, convoy: Convoy
) -> None:
    with ExitStack() as stack:
        proxy = stack.enter_context(proxy_to(convoy.url, monkeypatch))
        components = stack.enter_context(closing(wiring.Components.build(settings)))
        managed = stack.enter_context(closing(ConvoyComponents.build(settings)))

        assert components.publisher.publish(EVENT) == Accepted()
        assert managed.publisher.publish(EVENT) == Accepted()
        assert managed.project.check()["uid"] == PROJECT_ID
        assert len(convoy.events()) == 2
        assert [request.split(b" ")[0] for request in proxy.requests] == [b"POST", b"POST", b"GET"]


@pytest.mark.parametrize("build", [wiring.Components.build, ConvoyComponents.build])
def test_an_invalid_proxy_stops_the_start_with_a_message(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, build: Callable[[Settings], object]
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://p:port")

    with pytest.raises(SettingsError, match="HTTP_PROXY is not the URL of a proxy"):
        build(settings)
