"""Exchanges that end by a deadline, from the name's look-up to the last byte.

httpx's own timeouts limit each phase and each read separately: a server that sends a byte a second,
or a name with many dead addresses, never reaches one.

    send ──▶ pool ──▶ connect (look-up, TCP, proxy, TLS) ──▶ write ──▶ read … read ──▶ done
      ├─────────────────── ends_at, the same for all of it ───────────────────────┘
      └── a kept-alive connection fails before the answer's first byte ──▶ connect … done
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

from app.convoy.connecting import Backend, look_up
from app.convoy.proxies import ProxyRefused
from app.convoy.streams import KEEP_ALIVE_S, Turn

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from app.convoy.connecting import LookUp
    from app.convoy.proxies import Proxy

log = logging.getLogger(__name__)

ERRORS = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)
"""What an exchange raises when no whole answer came."""

NOT_SENT = (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout)
"""The ERRORS after which no byte of the request was sent."""


class AnswerTooLong(httpcore.RemoteProtocolError):
    """The answer has more bytes than the caller takes."""


class DeadlineTransport(httpx.BaseTransport):
    """The transport of an httpx client, which closes it and does not send through it.

    An answer over `max_bytes` counts as no answer. `look_up` resolves a name as
    `socket.getaddrinfo` does. `wall_clock` gives seconds.
    """

    def __init__(
        self,
        *,
        max_bytes: int,
        ssl_context: ssl.SSLContext | None = None,
        proxy: Proxy | None = None,
        look_up: LookUp = look_up,
        wall_clock: Callable[[], float] = time.time,
        max_connections: int = 100,
    ) -> None:
        self._max_bytes = max_bytes
        self._proxy = proxy
        self._turn = Turn()
        self._backend = Backend(
            self._turn, wall_clock, proxy=proxy, ssl_context=ssl_context, look_up=look_up
        )
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl_context,
            max_connections=max_connections,
            # httpcore 1.0.9 counts connections in use too, and closes idle ones above this.
            max_keepalive_connections=max_connections,
            keepalive_expiry=KEEP_ALIVE_S,
            network_backend=self._backend,
        )

    def exchange(
        self, request: httpcore.Request, ends_at: float, *, repeatable: bool = False
    ) -> httpx.Response:
        """The whole answer, by `ends_at` on the monotonic clock, without httpx's own processing.

        A `repeatable` request does no harm if Convoy gets it twice. Raises one of ERRORS.
        """
        self._turn.begin(ends_at)
        if self._proxy is not None and not self._proxy.tunnels:
            request = self._proxy.forwarding(request)
        request.extensions["timeout"] = {"pool": self._turn.left(httpcore.PoolTimeout)}
        try:
            return self._exchange(request, repeatable=repeatable)
        except ProxyRefused as refused:
            return refused.response()

    def _exchange(self, request: httpcore.Request, *, repeatable: bool) -> httpx.Response:
        try:
            return self._on_any_connection(request)
        except (httpcore.NetworkError, httpcore.RemoteProtocolError) as error:
            turn = self._turn
            if turn.connected or turn.received or not repeatable:
                raise
            log.info("a kept-alive connection was dead: %s; the request goes out on another", error)
        return self._on_a_fresh_connection(request)

    def _on_any_connection(self, request: httpcore.Request) -> httpx.Response:
        answer = self._pool.handle_request(request)
        clean = False
        try:
            content = self._whole(answer)
            if not self._turn.received:
                raise httpcore.RemoteProtocolError("the answer was there before the request")
            clean = not _left_behind(answer)
        finally:
            if not clean:
                answer.extensions["network_stream"].close()
            answer.close()
        return _response(answer, content)

    def _on_a_fresh_connection(self, request: httpcore.Request) -> httpx.Response:
        """Send outside the pool: the pool's next idle connection may be dead too."""
        connection = self._pool.create_connection(request.url.origin)
        try:
            answer = connection.handle_request(request)
            return _response(answer, self._whole(answer))
        finally:
            connection.close()

    def _whole(self, answer: httpcore.Response) -> bytes:
        content = bytearray()
        for part in answer.iter_stream():
            content += part
            if len(content) > self._max_bytes:
                raise AnswerTooLong(f"the answer is over {self._max_bytes} bytes")
        return bytes(content)

    def close(self) -> None:
        self._pool.close()
        self._backend.close()


def _response(answer: httpcore.Response, content: bytes) -> httpx.Response:
    response = httpx.Response(answer.status, content=content)
    # Set later: httpx would decompress the content to any size. No request asks for compression.
    response.headers = httpx.Headers(answer.headers)
    return response


def _left_behind(answer: httpcore.Response) -> bytes:
    """Bytes after the answer: the next request would take them for its own answer.

    In httpcore 1.0.9 only the parser has them.
    """
    stream: Any = answer.stream
    trailing: bytes = stream._stream._connection._h11_state.trailing_data[0]
    return trailing
