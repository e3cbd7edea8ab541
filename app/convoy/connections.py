"""One connection: `http.client` writes its requests, and reads their answers."""

from __future__ import annotations

import re
import ssl
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast

from app.convoy.answers import Answer
from app.convoy.errors import (
    LocalProtocolError,
    ReadError,
    ReadTimeout,
    RemoteProtocolError,
    WriteTimeout,
)
from app.convoy.streams import NO_WAIT

if TYPE_CHECKING:
    import httpx

    from app.convoy.streams import Limit, Limited, TlsInTls

Headers = list[tuple[bytes, bytes]]

KEEP_ALIVE_S = 20.0
"""Seconds that an idle connection is kept. Convoy closes its own after 30 s: Go's `http.Server`
takes its ReadTimeout for the idle timeout, and Convoy's is 30 s. AWS's balancers wait 60 s."""

_ILLEGAL_IN_A_VALUE = re.compile(rb"[^\t -~\x80-\xff]")


class Origin(NamedTuple):
    """`host` has no brackets around an IPv6 address."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: httpx.URL) -> Self:
        """With the port of the scheme, http or https, if the URL has none."""
        port = url.port or (443 if url.scheme == "https" else 80)
        # Not `url.host`, which fails with names such as xn--ls8h.la, an emoji.
        return cls(url.scheme, url.raw_host.decode("ascii"), port)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


class Request(NamedTuple):
    """`target` is that of the request line. With a body, `headers` have its length."""

    method: str
    origin: Origin
    target: str
    headers: Headers
    body: bytes = b""


class Connection(HTTPConnection):
    """An open connection. `sock` is None once it can't be used again.

    Its `limit` is that of `outermost`, the socket of the system.
    """

    response_class = Answer

    def __init__(self, origin: Origin, stream: Limited | TlsInTls, outermost: Limited) -> None:
        super().__init__(origin.host, origin.port)
        self.origin = origin
        self.sock: Any = stream
        self.used_at = 0.0
        """Seconds on the wall clock: unlike the monotonic clock it goes on in a frozen Lambda."""
        self._outermost = outermost
        self._written = bytearray()

    def exchange(self, request: Request, limit: Limit, max_bytes: int) -> tuple[Answer, bytes]:
        """The answer and its body. Raises NoAnswer; close the connection then."""
        self._outermost.limit = limit
        whole = self.write(request)
        try:
            with closing(cast("Answer", self.getresponse())) as answer:
                content = answer.whole(max_bytes)
        except (HTTPException, ValueError) as error:
            raise RemoteProtocolError(str(error)) from error
        except OSError as error:
            if is_deadline(error):
                raise ReadTimeout("deadline passed") from error
            raise ReadError(str(error)) from error
        if not whole or answer.left_behind(limit):
            self.close()
        return answer, content

    def write(self, request: Request) -> bool:
        """Whether the request was sent whole: if not, an answer may be there all the same.

        Raises LocalProtocolError, WriteTimeout.
        """
        self._written.clear()
        try:
            self._compose(request)
        except (HTTPException, ValueError) as error:
            raise LocalProtocolError(str(error)) from error
        try:
            self.sock.sendall(self._written)
        except OSError as error:
            if is_deadline(error):
                raise WriteTimeout("deadline passed") from error
            return False
        return True

    def _compose(self, request: Request) -> None:
        self.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers:
            if _ILLEGAL_IN_A_VALUE.search(value):
                raise ValueError(f"a control character in the header {name.decode()}")
            self.putheader(name, value)
        self.endheaders(request.body)

    def send(self, data: Any) -> None:  # noqa: ANN401
        """`http.client` sends head and body apart. Together they are one packet."""
        self._written += data

    def is_young(self, now: float) -> bool:
        """False also after the wall clock was set back: then the age is unknown."""
        return 0 <= now - self.used_at < KEEP_ALIVE_S

    def is_usable(self, now: float) -> bool:
        """Between two exchanges there is nothing to read: neither bytes nor an end."""
        return self.is_young(now) and self._is_idle()

    def _is_idle(self) -> bool:
        self._outermost.limit = NO_WAIT
        try:
            self.sock.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            pass
        return False


def is_deadline(error: Exception) -> bool:
    """The system's own timeout (ETIMEDOUT) has an errno; a deadline has none."""
    return isinstance(error, TimeoutError) and error.errno is None
