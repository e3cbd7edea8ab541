"""Connections on which each read and write ends by the deadline of the current exchange.

httpcore gives each read and write its own timeout: a server that sends a byte a second never
reaches one.
"""

from __future__ import annotations

import select
import ssl
import threading
import time
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import httpcore

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from typing import Any

P = ParamSpec("P")
T = TypeVar("T")

KEEP_ALIVE_S = 20.0
"""Seconds that an idle connection is kept. Convoy closes its own after 30 s: Go's `http.Server`
takes its ReadTimeout for the idle timeout, and Convoy's is 30 s. AWS's balancers wait 60 s."""

_TLS_RECORD_BYTES = 16_384 + 256
"""The longest record: RFC 8446, section 5.2."""


class Turn(threading.local):
    """The exchange that the current thread makes. Each thread has its own."""

    ends_at = 0.0
    """Its deadline, on the monotonic clock."""
    connected = False
    """Whether it opened a connection. If not, it uses a connection that was kept alive."""
    received = False
    """Whether a byte of its answer came."""

    def begin(self, ends_at: float) -> None:
        self.ends_at = ends_at
        self.connected = self.received = False

    def left(self, error: type[httpcore.TimeoutException]) -> float:
        """Seconds until the deadline. Raises `error` once it has passed."""
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise error("deadline passed")
        return left


class Stream(httpcore.NetworkStream):
    """A socket. It closes itself when a handshake fails: httpcore leaves that to the stream.

    `wall_clock` in seconds. Unlike the monotonic clock it goes on while a Lambda is frozen.
    """

    def __init__(
        self, connected: socket.socket, turn: Turn, wall_clock: Callable[[], float]
    ) -> None:
        self._socket = connected
        self._turn = turn
        self._wall_clock = wall_clock
        self._used_at = wall_clock()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        received = self.receive(max_bytes)
        if received:
            self._turn.received = True
        return received

    def receive(self, max_bytes: int) -> bytes:
        """As `read`, for bytes that may not belong to an answer."""
        try:
            self._socket.settimeout(self._turn.left(httpcore.ReadTimeout))
            received = self._socket.recv(max_bytes)
        except OSError as error:
            raise _translate(error, httpcore.ReadTimeout, httpcore.ReadError) from error
        self._used_at = self._wall_clock()
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        unsent = memoryview(buffer)
        try:
            while unsent:
                self._socket.settimeout(self._turn.left(httpcore.WriteTimeout))
                unsent = unsent[self._socket.send(unsent) :]
        except OSError as error:
            raise _translate(error, httpcore.WriteTimeout, httpcore.WriteError) from error

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        try:
            return self._secured(ssl_context, server_hostname)
        except BaseException:
            self.close()
            raise

    def _secured(self, context: ssl.SSLContext, name: str | None) -> httpcore.NetworkStream:
        if isinstance(self._socket, ssl.SSLSocket):
            return TlsInTls(self, self._turn, context, name)
        try:
            self._socket.settimeout(self._turn.left(httpcore.ConnectTimeout))
            secured = context.wrap_socket(self._socket, server_hostname=name)
        except (OSError, ValueError) as error:
            raise _translate(error, httpcore.ConnectTimeout, httpcore.ConnectError) from error
        return Stream(secured, self._turn, self._wall_clock)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401
        """httpcore asks for two values.

        `is_readable` of an idle connection: httpcore closes it if True. `ssl_object`: for the
        negotiated protocol.
        """
        if info == "is_readable":
            return self._is_too_old() or self._is_readable()
        if info == "ssl_object" and isinstance(self._socket, ssl.SSLSocket):
            return self._socket
        return None

    def _is_too_old(self) -> bool:
        """True also after the wall clock was set back: then the age is unknown."""
        return not 0 <= self._wall_clock() - self._used_at < KEEP_ALIVE_S

    def _is_readable(self) -> bool:
        """Between two exchanges, only the end of the connection makes it readable."""
        number = self._socket.fileno()
        if number < 0:
            return True
        poll = select.poll()
        poll.register(number, select.POLLIN)
        return bool(poll.poll(0))


class TlsInTls(httpcore.NetworkStream):
    """TLS to Convoy within the TLS to a proxy, which Python's sockets can't do.

    httpcore has one too, which gives each record a timeout of its own.
    """

    def __init__(
        self, outer: Stream, turn: Turn, context: ssl.SSLContext, name: str | None
    ) -> None:
        self._outer = outer
        self._turn = turn
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        # Some builds of Python 3.11 take an end without a close alert for the end of an answer.
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        try:
            self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
            self._run(self._tls.do_handshake)
        except (OSError, ValueError) as error:
            raise httpcore.ConnectError(str(error)) from error

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        try:
            received = self._run(self._tls.read, max_bytes)
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error
        if received:
            self._turn.received = True
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        unsent = memoryview(buffer)
        try:
            while unsent:
                unsent = unsent[self._run(self._tls.write, unsent) :]
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        self._outer.close()

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401
        if info == "ssl_object":
            return self._tls
        if info == "is_readable" and (self._incoming.pending or self._tls.pending()):
            return True
        return self._outer.get_extra_info(info)

    def _run(self, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Repeat the step until it has the records that it needs."""
        while True:
            try:
                result = step(*args, **kwargs)
            except ssl.SSLWantReadError:
                self._outer.write(self._outgoing.read())
                received = self._outer.receive(_TLS_RECORD_BYTES)
                if received:
                    self._incoming.write(received)
                else:
                    self._incoming.write_eof()
            else:
                self._outer.write(self._outgoing.read())
                return result


def _translate(
    error: Exception,
    timeout: type[httpcore.TimeoutException],
    failure: type[httpcore.NetworkError],
) -> Exception:
    """httpcore's error for a socket's error."""
    # The system's own timeout (ETIMEDOUT) has an errno; a deadline has none.
    if isinstance(error, TimeoutError) and error.errno is None:
        return timeout("deadline passed")
    return failure(str(error))
