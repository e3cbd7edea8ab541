"""What the tests of Convoy's transport share: a transport, its requests, certificates."""

from __future__ import annotations

import ssl
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import trustme

from app.convoy.connections import Origin, Request
from app.convoy.transport import DeadlineTransport
from tests.raw_server import read_request

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from pathlib import Path

DEADLINE_S = 0.2
PATIENCE_S = 5.0
"""Far longer than the deadline, and far shorter than the time that each server here would take."""

HOST = "convoy.test"
"""No name server knows it."""

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Tls(NamedTuple):
    """The contexts of both sides, from one authority, with certificates for 127.0.0.1 and HOST."""

    server: ssl.SSLContext
    client: ssl.SSLContext

    @classmethod
    def make(cls, ca: Path | None = None) -> Tls:
        """With the authority's certificate in the file `ca`, if it is given."""
        authority = trustme.CA()
        server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1", HOST).configure_cert(server)
        client = ssl.create_default_context()
        authority.configure_trust(client)
        if ca is not None:
            authority.cert_pem.write_to_path(str(ca))
        return cls(server, client)


@contextmanager
def sender(**options: Any) -> Iterator[DeadlineTransport]:
    with closing(DeadlineTransport(**{"max_bytes": 1024, **options})) as sent:
        yield sent


def request(url: str, body: bytes = b"") -> Request:
    to = httpx.URL(url)
    headers = [(b"host", b"convoy"), (b"content-length", b"%d" % len(body))]
    return Request("POST", Origin.of(to), to.path, headers, body)


def post(
    sent: DeadlineTransport,
    url: str,
    body: bytes = b"",
    deadline_s: float = DEADLINE_S,
    **options: bool,
) -> httpx.Response:
    return sent.exchange(request(url, body), time.monotonic() + deadline_s, **options)


def serve(connection: socket.socket) -> None:
    """Answers each request."""
    while read_request(connection):
        connection.sendall(OK)


def drip(connection: socket.socket) -> None:
    """Sends a head that never ends, a byte every 20 ms: each read is quick, the whole is not."""
    read_request(connection)
    while True:
        connection.sendall(b"H")
        time.sleep(0.02)
