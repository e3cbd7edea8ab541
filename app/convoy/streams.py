"""Sockets on which each read and write ends by the deadline of the current exchange.

A socket has one timeout for each read and write: a server that sends a byte a second never reaches
it.
"""

from __future__ import annotations

import math
import socket
import ssl
import time
from typing import Any, cast

from urllib3.util.ssltransport import SSLTransport

from app.convoy.errors import AnswerTooLong

MAX_OVERHEAD_BYTES = 100 * 1024
"""Bytes of an answer's head, and of the lines between its chunks."""


class Limit:
    """What one exchange may take. `ends_at` is on the monotonic clock."""

    def __init__(self, ends_at: float, max_bytes: float = math.inf) -> None:
        self._ends_at = ends_at
        self._max_bytes = max_bytes
        self.received = 0
        """Bytes of the answer that came so far."""

    def left(self) -> float:
        """Seconds until the deadline. Raises TimeoutError once it has passed."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("deadline passed")
        return left

    def count(self, received: int) -> None:
        """Raises AnswerTooLong for more than an answer may have in all."""
        self.received += received
        if self.received > self._max_bytes + MAX_OVERHEAD_BYTES:
            raise AnswerTooLong(f"the answer is over {self._max_bytes} bytes")


class _NoWait(Limit):
    def left(self) -> float:
        return 0.0


NO_WAIT = _NoWait(0.0)
"""Each read and write ends at once."""


class Limited(socket.socket):
    """A socket whose calls end by its `limit`, which each exchange replaces."""

    limit: Limit = NO_WAIT

    def recv(self, *how: Any) -> bytes:  # noqa: ANN401
        self.settimeout(self.limit.left())
        return super().recv(*how)

    def recv_into(self, *how: Any) -> int:  # noqa: ANN401
        self.settimeout(self.limit.left())
        received = super().recv_into(*how)
        self.limit.count(received)
        return received

    def send(self, *how: Any) -> int:  # noqa: ANN401
        self.settimeout(self.limit.left())
        return super().send(*how)

    def sendall(self, *how: Any) -> None:  # noqa: ANN401
        self.settimeout(self.limit.left())  # for all of it; with TLS, `send` sets it again
        super().sendall(*how)


class LimitedTls(Limited, ssl.SSLSocket):
    """The same for TLS."""


class TlsInTls(SSLTransport):
    """TLS to Convoy within the TLS to a proxy, which Python's sockets can't do.

    It reads and writes on the socket to the proxy, which ends each call by its limit.
    """

    def __init__(self, outer: LimitedTls, context: ssl.SSLContext, name: str) -> None:
        self._outer = outer
        super().__init__(outer, context, name, suppress_ragged_eofs=False)

    def recv_into(self, *how: Any) -> Any:  # noqa: ANN401
        received = cast("int", super().recv_into(*how))
        self._outer.limit.count(received)
        return received


def over_tls(plain: Limited, context: ssl.SSLContext, name: str) -> LimitedTls:
    """Raises OSError or ValueError when the handshake fails.

    The context makes LimitedTls, and must not ignore an end without a close alert: that is no end
    of an answer.
    """
    plain.getpeername()  # raises if the connection was reset: `wrap_socket` would leave it open
    plain.settimeout(plain.limit.left())
    wrapped: LimitedTls = context.wrap_socket(  # type: ignore[assignment]
        plain, server_hostname=name, suppress_ragged_eofs=False
    )
    wrapped.limit = plain.limit
    return wrapped
