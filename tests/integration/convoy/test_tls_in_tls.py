"""TLS inside the TLS to a proxy: reading its records."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any, cast

import httpcore
import pytest

from app.convoy.streams import Stream, TlsInTls, Turn
from tests.integration.convoy.transport_support import HOST, Tls

if TYPE_CHECKING:
    from collections.abc import Callable


class Peer:
    """The server behind the proxy. Everything that it sends comes in one read."""

    def __init__(self, tls: Tls) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = tls.server.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.greeted = False
        self.closed = False

    def write(self, buffer: bytes) -> None:
        self._incoming.write(buffer)

    def receive(self, max_bytes: int) -> bytes:
        if not self.greeted:
            try:
                self.tls.do_handshake()
                self.greeted = True
            except ssl.SSLWantReadError:
                pass
        return self._outgoing.read()

    def get_extra_info(self, info: str) -> bool:
        return False

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def tls() -> Tls:
    return Tls.make()


@pytest.fixture
def peer(tls: Tls) -> Peer:
    return Peer(tls)


def connected(peer: Peer, context: ssl.SSLContext) -> TlsInTls:
    return TlsInTls(cast("Stream", peer), Turn(), context, HOST)


def test_a_record_after_the_one_that_was_read_is_readable(tls: Tls, peer: Peer) -> None:
    stream = connected(peer, tls.client)
    stream.write(b"hello")
    assert peer.tls.read(10) == b"hello"
    assert not stream.get_extra_info("is_readable")

    peer.tls.write(b"one")
    peer.tls.write(b"two")

    assert stream.read(3) == b"one"
    assert stream.get_extra_info("is_readable")
    assert stream.read(1) == b"t"
    assert stream.get_extra_info("is_readable")
    assert stream.read(10) == b"wo"
    assert not stream.get_extra_info("is_readable")


def test_an_end_with_a_close_alert_is_an_end(tls: Tls, peer: Peer) -> None:
    stream = connected(peer, tls.client)
    stream.write(b"hello")
    peer.tls.read(10)
    with pytest.raises(ssl.SSLWantReadError):
        peer.tls.unwrap()

    assert stream.read(10) == b""


@pytest.mark.parametrize(
    ("use", "error"),
    [
        (lambda stream: stream.read(10), httpcore.ReadError),
        (lambda stream: stream.write(b"x"), httpcore.WriteError),
    ],
)
def test_an_end_without_a_close_alert_is_an_error(
    tls: Tls, peer: Peer, use: Callable[[TlsInTls], object], error: type[Exception]
) -> None:
    stream = connected(peer, tls.client)
    with pytest.raises(httpcore.ReadError):
        stream.read(10)

    with pytest.raises(error):
        use(stream)


def test_an_untrusted_certificate_is_a_connection_error(peer: Peer) -> None:
    with pytest.raises(httpcore.ConnectError, match="certificate verify failed"):
        connected(peer, ssl.create_default_context())


def test_closing_the_stream_closes_the_connection_to_the_proxy(tls: Tls, peer: Peer) -> None:
    stream: Any = connected(peer, tls.client)
    stream.close()

    assert peer.closed
