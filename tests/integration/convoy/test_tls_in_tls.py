"""TLS inside the TLS to a proxy: reading its records."""

from __future__ import annotations

import math
import ssl
from typing import TYPE_CHECKING, Any, cast

import pytest

from app.convoy.connections import Connection, Origin
from app.convoy.streams import NO_WAIT, Limit, Limited, LimitedTls, TlsInTls
from tests.integration.convoy.transport_support import HOST, Tls

if TYPE_CHECKING:
    from collections.abc import Callable


class Peer:
    """The server behind the proxy. Everything that it sends comes in one read."""

    def __init__(self, tls: Tls) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = tls.server.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.limit = Limit(math.inf)
        self.greeted = False
        self.closed = False

    def sendall(self, buffer: bytes) -> None:
        self._incoming.write(buffer)

    def recv(self, max_bytes: int) -> bytes:
        if not self.greeted:
            try:
                self.tls.do_handshake()
                self.greeted = True
            except ssl.SSLWantReadError:
                pass
        if self.limit is NO_WAIT and not self._outgoing.pending:
            raise ssl.SSLWantReadError
        return self._outgoing.read()

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def tls() -> Tls:
    return Tls.make()


@pytest.fixture
def peer(tls: Tls) -> Peer:
    return Peer(tls)


def connected(peer: Peer, context: ssl.SSLContext) -> TlsInTls:
    return TlsInTls(cast("LimitedTls", peer), context, HOST)


def greeted(peer: Peer, tls: Tls) -> TlsInTls:
    stream = connected(peer, tls.client)
    stream.sendall(b"hello")
    assert peer.tls.read(10) == b"hello"
    return stream


def usable(stream: TlsInTls, peer: Peer) -> bool:
    """Whether the next request may go out on it."""
    connection = Connection(Origin("https", HOST, 443), stream, cast("Limited", peer))
    return connection.is_usable(connection.used_at)


def test_a_connection_without_bytes_can_be_used_again(tls: Tls, peer: Peer) -> None:
    assert usable(greeted(peer, tls), peer)


@pytest.mark.parametrize("read", [b"", b"o", b"one", b"onet"])
def test_a_connection_with_bytes_in_any_record_cannot_be_used_again(
    tls: Tls, peer: Peer, read: bytes
) -> None:
    stream = greeted(peer, tls)
    peer.tls.write(b"one")
    peer.tls.write(b"two")
    assert b"".join(cast("bytes", stream.recv(1)) for _ in read) == read

    assert not usable(stream, peer)


def test_an_end_with_a_close_alert_is_an_end(tls: Tls, peer: Peer) -> None:
    stream = greeted(peer, tls)
    with pytest.raises(ssl.SSLWantReadError):
        peer.tls.unwrap()

    assert stream.recv(10) == b""
    assert not usable(stream, peer)


@pytest.mark.parametrize("use", [lambda stream: stream.recv(10), lambda stream: stream.send(b"x")])
def test_an_end_without_a_close_alert_is_an_error(
    tls: Tls, peer: Peer, use: Callable[[TlsInTls], object]
) -> None:
    stream = connected(peer, tls.client)
    with pytest.raises(ssl.SSLEOFError):
        stream.recv(10)

    with pytest.raises(ssl.SSLEOFError):
        use(stream)
    assert not usable(stream, peer)


def test_an_untrusted_certificate_is_an_error(peer: Peer) -> None:
    with pytest.raises(ssl.SSLError, match="certificate verify failed"):
        connected(peer, ssl.create_default_context())


def test_closing_the_stream_closes_the_connection_to_the_proxy(tls: Tls, peer: Peer) -> None:
    stream: Any = connected(peer, tls.client)
    stream.close()

    assert peer.closed
