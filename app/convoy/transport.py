"""Exchanges that end by a deadline, from the name's look-up to the last byte.

httpx's own timeouts bound each phase and each read alone: a server that sends a byte a second, or
a name with many dead addresses, outlives them.

    send ──▶ pool ──▶ connect (look-up, TCP, TLS) ──▶ write ──▶ read … read ──▶ done
      └───────────────── ends_at, the same for all of it ─────────────────────┘
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpcore
import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable
    from typing import Any

ERRORS = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)
"""What an exchange raises when no whole answer came."""

KEEP_ALIVE_S = 30.0
"""Seconds an idle connection is kept. Half of the 60 s after which AWS's balancers close it."""

_CHUNK_BYTES = 16_384


class _Limit(threading.local):
    """The current exchange's end, on the monotonic clock. An exchange stays on one thread."""

    ends_at = 0.0

    def left(self, error: type[httpcore.TimeoutException]) -> float:
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise error("deadline passed")
        return left


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, limit: _Limit) -> None:
        self._inner = inner
        self._limit = limit

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._inner.read(max_bytes, self._limit.left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        for start in range(0, len(buffer), _CHUNK_BYTES):
            chunk = buffer[start : start + _CHUNK_BYTES]
            self._inner.write(chunk, self._limit.left(httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        try:
            left = self._limit.left(httpcore.ConnectTimeout)
        except httpcore.ConnectTimeout:
            self.close()  # httpcore leaves that to the stream
            raise
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left), self._limit)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, limit: _Limit, inner: httpcore.NetworkBackend) -> None:
        self._limit = limit
        self._inner = inner
        # A look-up can't be interrupted: it runs beside, and is left behind when it takes too long.
        self._connectors = ThreadPoolExecutor(max_workers=8, thread_name_prefix="connect")

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        left = self._limit.left(httpcore.ConnectTimeout)
        connecting = self._connectors.submit(
            self._inner.connect_tcp, host, port, left, local_address, socket_options
        )
        try:
            return _Stream(connecting.result(timeout=left), self._limit)
        except TimeoutError:
            if not connecting.cancel():
                connecting.add_done_callback(_close)
            raise httpcore.ConnectTimeout("deadline passed") from None

    def close(self) -> None:
        self._connectors.shutdown(wait=False, cancel_futures=True)


def _close(connecting: Future[httpcore.NetworkStream]) -> None:
    if connecting.exception() is None:
        connecting.result().close()


class DeadlineTransport(httpx.BaseTransport):
    """A client's of httpx, which closes it and does not send by it.

    An answer over `max_bytes` is none. `backend` opens the connections; tests put a slow one there.
    """

    def __init__(
        self,
        *,
        max_bytes: int,
        ssl_context: ssl.SSLContext | None = None,
        backend: httpcore.NetworkBackend | None = None,
        max_connections: int = 100,
    ) -> None:
        self._max_bytes = max_bytes
        self._limit = _Limit()
        self._backend = _Backend(self._limit, backend or httpcore.SyncBackend())
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl_context,
            max_connections=max_connections,
            # httpcore 1.0.9 closes what becomes idle where there are more, those in use included.
            max_keepalive_connections=max_connections,
            keepalive_expiry=KEEP_ALIVE_S,
            network_backend=self._backend,
        )

    def exchange(self, request: httpcore.Request, ends_at: float) -> httpx.Response:
        """The whole answer, by then (on the monotonic clock), without httpx's own part in it.

        Raises one of ERRORS.
        """
        self._limit.ends_at = ends_at
        request.extensions["timeout"] = {"pool": ends_at - time.monotonic()}
        answer = self._pool.handle_request(request)
        try:
            content = self._whole(answer)
        finally:
            answer.close()
        response = httpx.Response(answer.status, content=content)
        # Not before: httpx would unpack the content, which nobody asked to be packed, to any size.
        response.headers = httpx.Headers(answer.headers)
        return response

    def _whole(self, answer: httpcore.Response) -> bytes:
        content = bytearray()
        for part in answer.iter_stream():
            content += part
            if len(content) > self._max_bytes:
                raise httpcore.RemoteProtocolError(f"the answer is over {self._max_bytes} bytes")
        return bytes(content)

    def close(self) -> None:
        self._pool.close()
        self._backend.close()
