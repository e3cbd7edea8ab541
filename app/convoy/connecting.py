"""Opens connections: looks a name up, races its addresses, and asks a proxy for a tunnel."""

from __future__ import annotations

import errno
import os
import selectors
import socket
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import httpcore

from app.convoy.streams import Stream

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Sequence

    from app.convoy.proxies import Proxy
    from app.convoy.streams import Turn

    Address = tuple[int, int, int, str, tuple[Any, ...]]
    """As `socket.getaddrinfo` gives it."""
    LookUp = Callable[[str, int], Sequence[Address]]

STAGGER_S = 0.25
"""Seconds without an answer before the next address is tried as well: RFC 8305."""

_UNDER_WAY = {0, errno.EINPROGRESS, errno.EWOULDBLOCK}


class Backend(httpcore.NetworkBackend):
    """Opens httpcore's connections. A `proxy` that tunnels gives each connection a tunnel."""

    def __init__(
        self,
        turn: Turn,
        wall_clock: Callable[[], float],
        *,
        proxy: Proxy | None,
        ssl_context: ssl.SSLContext | None,
        look_up: LookUp,
    ) -> None:
        self._turn = turn
        self._wall_clock = wall_clock
        self._proxy = proxy
        self._ssl_context = ssl_context
        self._look_up = look_up
        # A look-up can't be interrupted: it runs on another thread, and a late one is ignored.
        self._resolvers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="look-up")

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        self._turn.connected = True
        if self._proxy is not None and self._proxy.tunnels:
            return self._tunnelled(self._proxy, host, port)
        return self._connected(host, port)

    def close(self) -> None:
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    def _connected(self, host: str, port: int) -> Stream:
        try:
            connected = race(self._addresses(host, port), self._left)
        except (OSError, UnicodeError) as error:  # UnicodeError: a name that can't be one
            raise httpcore.ConnectError(str(error)) from error
        return Stream(connected, self._turn, self._wall_clock)

    def _addresses(self, host: str, port: int) -> list[Address]:
        looking = self._resolvers.submit(self._look_up, host, port)
        try:
            return interleaved(looking.result(timeout=self._left()))
        except TimeoutError as error:
            looking.cancel()
            raise httpcore.ConnectTimeout("deadline passed") from error

    def _left(self) -> float:
        return self._turn.left(httpcore.ConnectTimeout)

    def _tunnelled(self, proxy: Proxy, host: str, port: int) -> httpcore.NetworkStream:
        stream: httpcore.NetworkStream = self._connected(proxy.host, proxy.port)
        if proxy.is_secure:
            stream = stream.start_tls(
                self._ssl_context or httpcore.default_ssl_context(), proxy.host
            )
        proxy.open_tunnel(stream, host, port)
        return stream


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
