"""Exchanges that end by a deadline, from the name's look-up to the last byte.

httpx's own timeouts limit each phase and each read separately: a server that sends a byte a second,
or a name with many dead addresses, never reaches one.

    send ──▶ pool ──▶ connect (look-up, TCP, proxy, TLS) ──▶ write ──▶ read … read ──▶ done
      ├─────────────────── ends_at, the same for all of it ───────────────────────┘
      └── a kept-alive connection fails before the answer's first byte ──▶ connect … done
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

import httpx

from app.convoy.connecting import Opener, look_up
from app.convoy.errors import ConnectTimeout, NoAnswer, NotSent, ReadError, RemoteProtocolError
from app.convoy.proxies import ProxyRefused
from app.convoy.streams import Limit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from app.convoy.answers import Answer
    from app.convoy.connecting import LookUp
    from app.convoy.connections import Connection, Origin, Request
    from app.convoy.proxies import Proxy

log = logging.getLogger(__name__)

ERRORS = (NoAnswer,)
"""What an exchange raises when no whole answer came."""

NOT_SENT = (NotSent,)
"""The ERRORS after which no byte of the request was sent."""

_FOLD = re.compile(r"\r?\n[\t ]+")
"""Where a header goes on, on another line. A space takes its place: RFC 9112, section 5.2."""


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
        self._opener = Opener(proxy=proxy, ssl_context=ssl_context, look_up=look_up)
        self._wall_clock = wall_clock
        self._free = threading.Semaphore(max_connections)
        self._lock = threading.Lock()
        self._idle: deque[Connection] = deque()
        """The last one was used last."""
        self._closed = False

    def exchange(
        self, request: Request, ends_at: float, *, repeatable: bool = False
    ) -> httpx.Response:
        """The whole answer, by `ends_at` on the monotonic clock, without httpx's own processing.

        A `repeatable` request does no harm if Convoy gets it twice. Raises one of ERRORS.
        """
        limit = Limit(ends_at, self._max_bytes)
        if self._proxy is not None and not self._proxy.tunnels:
            request = self._proxy.forwarding(request)
        self._wait_for_a_connection(limit)
        try:
            return self._exchange(request, limit, repeatable=repeatable)
        except ProxyRefused as refused:
            return refused.response()
        finally:
            self._free.release()

    def _wait_for_a_connection(self, limit: Limit) -> None:
        try:
            if self._free.acquire(timeout=limit.left()):
                return
        except TimeoutError:
            pass
        raise ConnectTimeout("deadline passed")

    def _exchange(self, request: Request, limit: Limit, *, repeatable: bool) -> httpx.Response:
        kept = self._kept(request.origin)
        if kept is not None:
            try:
                return self._on(kept, request, limit)
            except (ReadError, RemoteProtocolError) as error:
                if limit.received or not repeatable:
                    raise
                log.info(
                    "a kept-alive connection was dead: %s; the request goes out on another", error
                )
        # Not on another one that was kept: that may be dead too.
        return self._on(self._opener.open(request.origin, limit), request, limit)

    def _kept(self, origin: Origin) -> Connection | None:
        now = self._wall_clock()
        with self._lock:
            while self._idle and not self._idle[0].is_young(now):
                self._idle.popleft().close()
            while self._idle:
                connection = self._idle.pop()
                if connection.origin == origin and connection.is_usable(now):
                    return connection
                connection.close()
        return None

    def _on(self, connection: Connection, request: Request, limit: Limit) -> httpx.Response:
        try:
            answer, content = connection.exchange(request, limit, self._max_bytes)
        except BaseException:
            connection.close()
            raise
        if connection.sock is not None:
            self._keep(connection)
        return _response(answer, content)

    def _keep(self, connection: Connection) -> None:
        connection.used_at = self._wall_clock()
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            while self._idle:
                self._idle.pop().close()
        self._opener.close()


def _response(answer: Answer, content: bytes) -> httpx.Response:
    response = httpx.Response(answer.status, content=content)
    # Set later: httpx would decompress the content to any size. No request asks for compression.
    response.headers = httpx.Headers(
        [
            (name.encode("latin-1"), _FOLD.sub(" ", value).encode("latin-1"))
            for name, value in answer.getheaders()
        ]
    )
    return response
