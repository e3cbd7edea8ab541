"""Opens connections: looks a name up, races its addresses, and asks a proxy for a tunnel."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from http.client import HTTPException
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from app.convoy.connections import Connection, is_deadline
from app.convoy.errors import ConnectError, ConnectTimeout, DeadlinePassed, NoAnswer
from app.convoy.streams import Limited, LimitedTls, TlsInTls, over_tls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from app.convoy.connections import Origin
    from app.convoy.proxies import Proxy
    from app.convoy.streams import Limit

    Address = tuple[int, int, int, str, tuple[Any, ...]]
    """As `socket.getaddrinfo` gives it."""
    LookUp = Callable[[str, int], Sequence[Address]]

STAGGER_S = 0.25
"""Seconds without an answer before the next address is tried as well: RFC 8305."""

_UNDER_WAY = {0, errno.EINPROGRESS, errno.EWOULDBLOCK}


class Opener:
    """Opens connections. A `proxy` that tunnels gives each connection a tunnel.

    Without an `ssl_context` https trusts the system's authorities.
    """

    def __init__(
        self, *, proxy: Proxy | None, ssl_context: ssl.SSLContext | None, look_up: LookUp
    ) -> None:
        self._proxy = proxy
        self._given_context = ssl_context
        self._look_up = look_up
        # A look-up can't be interrupted: it runs on another thread, and a late one is ignored.
        self._resolvers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="look-up")

    def open(self, origin: Origin, limit: Limit) -> Connection:
        """Raises ConnectError, ConnectTimeout, ProxyRefused."""
        try:
            return self._opened(origin, limit)
        # ValueError: a name that can't be one
        except (OSError, ValueError, HTTPException, NoAnswer) as error:
            if isinstance(error, DeadlinePassed) or is_deadline(error):
                raise ConnectTimeout("deadline passed") from error
            raise ConnectError(str(error)) from error

    def close(self) -> None:
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    def _opened(self, origin: Origin, limit: Limit) -> Connection:
        proxy = self._proxy if self._proxy is not None and self._proxy.tunnels else None
        stream = self._connected(proxy.origin if proxy else origin, limit)
        inner: Limited | TlsInTls
        try:
            if proxy and proxy.origin.scheme == "https":
                stream = over_tls(stream, self._context, proxy.origin.host)
            if proxy:
                proxy.open_tunnel(stream, origin)
            if origin.scheme != "https":
                inner = stream
            elif isinstance(stream, LimitedTls):
                inner = TlsInTls(stream, self._context, origin.host)
            else:
                inner = stream = over_tls(stream, self._context, origin.host)
            return Connection(origin, inner, outermost=stream)
        except BaseException:
            stream.close()
            raise

    def _connected(self, origin: Origin, limit: Limit) -> Limited:
        connected = race(self._addresses(origin, limit), limit.left)
        limited = Limited(fileno=connected.detach())
        limited.limit = limit
        return limited

    def _addresses(self, origin: Origin, limit: Limit) -> list[Address]:
        looking = self._resolvers.submit(self._look_up, origin.host, origin.port)
        try:
            return interleaved(looking.result(timeout=limit.left()))
        except TimeoutError:
            looking.cancel()
            raise

    @cached_property
    def _context(self) -> ssl.SSLContext:
        context = self._given_context or ssl.create_default_context()
        context.sslsocket_class = LimitedTls
        context.set_alpn_protocols(["http/1.1"])
        # Some builds of Python 3.11 take an end without a close alert for the end of an answer.
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        return context


def look_up(host: str, port: int) -> Sequence[Address]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def interleaved(addresses: Sequence[Address]) -> list[Address]:
    """IPv6 and IPv4 in turn, from the resolver's first choice on: RFC 8305, section 4."""
    first = [address for address in addresses if address[0] == addresses[0][0]]
    others = [address for address in addresses if address[0] != addresses[0][0]]
    pairs = zip_longest(first, others)
    return [address for pair in pairs for address in pair if address is not None]


def race(addresses: Iterable[Address], left: Callable[[], float]) -> socket.socket:
    """A socket that is connected to the first address that answers. The other sockets are closed.

    `left` gives the seconds that are left, or raises. Raises OSError when no address answers.
    """
    with selectors.DefaultSelector() as selector:
        racing = _Race(selector)
        waiting = iter(addresses)
        try:
            while True:
                address = next(waiting, None)
                if address is not None:
                    racing.begin(address)
                elif not selector.get_map():
                    raise racing.error
                connected = racing.first(min(STAGGER_S, left()))
                if connected:
                    return connected
        finally:
            racing.close()


class _Race:
    """Sockets that connect at the same time. `error` is that of the last socket that failed."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector
        self.error = OSError("the name has no address")

    def begin(self, address: Address) -> None:
        family, kind, protocol, _, at = address
        try:
            begun = socket.socket(family, kind, protocol)
        except OSError as error:  # the system has no such family
            self.error = error
            return
        begun.settimeout(0)
        begun.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number = begun.connect_ex(at)
        if number in _UNDER_WAY:
            self._selector.register(begun, selectors.EVENT_WRITE)
        else:
            self._fail(begun, number)

    def first(self, seconds: float) -> socket.socket | None:
        """The first connected socket; None when one failed, none is left or the time is over."""
        for key, _ in self._selector.select(seconds if self._selector.get_map() else 0):
            answered: socket.socket = key.fileobj  # type: ignore[assignment]
            self._selector.unregister(answered)
            number = answered.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if number == 0:
                return answered
            self._fail(answered, number)
        return None

    def close(self) -> None:
        for key in self._selector.get_map().values():
            key.fileobj.close()  # type: ignore[union-attr]

    def _fail(self, failed: socket.socket, number: int) -> None:
        failed.close()
        self.error = OSError(number, os.strerror(number))
