"""The URLs to which webhooks may go.

A customer names the URL, and Convoy connects to it from inside our network: a URL of an internal
host would let the customer send requests there. So each address of the host must be public. The
name may have other addresses later: Convoy's own block list holds then (docs/security.md).
"""

from __future__ import annotations

import re
import socket
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from app.convoy.connecting import look_up
from app.customers.errors import UrlRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.convoy.connecting import LookUp

LOOK_UP_S = 3.0
"""Seconds for the look-up of a name."""

_URL = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+")
"""RFC 3986's characters without `#`. Parsers differ on others, such as a backslash."""

_NAME = re.compile(
    r"(?=.{1,253}\.?\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*"
    r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\.?"
)
"""A host name. Its last label begins with a letter: `127.1` and `0x7f.0.0.1` are no names."""

_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_TRANSLATED = IPv6Network("::/96")

_NOT_HOSTS = tuple(map(IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")))
"""Ranges that not each Python knows as special: the IETF's, which has Oracle's metadata service;
the relays of 6to4; Azure's metadata service."""

_NOT_IPV6_HOSTS = tuple(map(IPv6Network, ("2001::/23", "3fff::/20")))
"""The same: the IETF's; the one for documentation since 2024 (RFC 9637)."""


class Addresses:
    """Checks URLs. `local`: allow plain http to loopback, for a receiver on the laptop.

    `look_up` resolves a name as `socket.getaddrinfo` does.
    """

    def __init__(
        self, *, local: bool, look_up: LookUp = look_up, deadline_s: float = LOOK_UP_S
    ) -> None:
        self._local = local
        self._look_up = look_up
        self._deadline_s = deadline_s
        # A look-up can't be interrupted: it runs on another thread, and a late one is ignored.
        self._resolvers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="url-look-up")

    def check(self, url: str) -> None:
        """Raises UrlRefused unless webhooks may go to this URL."""
        parts = _parsed(url)
        addresses = self._addresses(parts.hostname or "", parts.port or 443)
        if parts.scheme == "http":
            if not self._local:
                raise UrlRefused("must begin with https://")
            if not all(each.is_loopback for each in addresses):
                raise UrlRefused("must begin with https://, except for localhost")
        elif not all(map(is_public, addresses)):
            raise UrlRefused("must name a public host: this one has a private or local address")

    def close(self) -> None:
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    def _addresses(self, host: str, port: int) -> list[IPv4Address | IPv6Address]:
        looking = self._resolvers.submit(self._look_up, host, port)
        try:
            found = looking.result(timeout=self._deadline_s)
            if not found:
                raise socket.gaierror(socket.EAI_NONAME, "no address")
        except TimeoutError:
            looking.cancel()
            raise UrlRefused(
                "the host's name could not be looked up in time: check it, or try again"
            ) from None
        except OSError as error:
            again = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
            problem = "could not be looked up: try again" if again else "has no address: check it"
            raise UrlRefused(f"the host's name {problem}") from None
        return [ip_address(address[4][0]) for address in found]


def host_of(url: str) -> str:
    """The host of a URL that was checked."""
    return urlsplit(url).hostname or url


def canonical(url: str) -> str:
    """The same text for URLs that differ only in the case of the host, or in a default."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return url
    default = {"https": 443, "http": 80}.get(parts.scheme)
    host = (parts.hostname or "").removesuffix(".")
    shown = f"{host}:{port}" if port not in {None, default} else host
    return f"{parts.scheme}://{shown}{parts.path or '/'}?{parts.query}"


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether a host anywhere may have this address. An IPv6 address that stands for an IPv4 one
    is as public as that."""
    if isinstance(address, IPv4Address):
        special = address.is_multicast or any(address in network for network in _NOT_HOSTS)
        return address.is_global and not special
    embedded = list(_embedded(address))
    if embedded:
        return all(map(is_public, embedded))
    special = any(address in network for network in _NOT_IPV6_HOSTS)
    return address in _UNICAST and address.is_global and not special


def _embedded(address: IPv6Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses to which packets for this address may go."""
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    elif address in _NAT64 or address in _TRANSLATED:
        yield IPv4Address(int(address) & 0xFFFFFFFF)
    elif address.sixtofour is not None:
        yield address.sixtofour
    elif address.teredo is not None:
        yield from address.teredo


def _parsed(url: str) -> SplitResult:
    """Raises UrlRefused for a URL that two parsers could read differently."""
    if _URL.fullmatch(url) is None:
        raise UrlRefused(
            "must be a URL of ASCII characters without spaces and #, such as"
            " https://example.com/webhooks; write a name of other letters in Punycode (xn--…)"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UrlRefused(f"must be a URL: {error}") from None
    if parts.scheme not in {"https", "http"}:
        raise UrlRefused("must begin with https://")
    if "@" in parts.netloc:
        raise UrlRefused("must have no user name and no password")
    if port == 0 or parts.netloc.endswith(":"):
        raise UrlRefused("must have a port from 1 to 65535, or none")
    if not _is_host(parts.netloc.lower(), parts.hostname or ""):
        raise UrlRefused("must name a host, such as https://example.com/webhooks")
    return parts


def _is_host(netloc: str, host: str) -> bool:
    """Whether the host is a name or an address in its usual form."""
    if netloc.startswith("["):
        return "%" not in host and re.fullmatch(r"\[[0-9a-f:.]+\](:\d+)?", netloc) is not None
    if re.fullmatch(r"[^:]+(:\d+)?", netloc) is None:
        return False
    return _NAME.fullmatch(host) is not None or _is_ipv4(host)


def _is_ipv4(host: str) -> bool:
    try:
        IPv4Address(host)
    except ValueError:
        return False
    return True
