"""Webhooks go to public hosts alone. Names are looked up in `DNS`."""

from __future__ import annotations

import socket
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from app.customers.addresses import Addresses, canonical, host_of
from app.customers.errors import UrlRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.convoy.connecting import Address

DNS = {
    "example.com": ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"],
    "_hook.example.com": ["93.184.215.14"],
    "xn--bcher-kva.example": ["93.184.215.14"],
    "half.example.com": ["93.184.215.14", "10.0.0.7"],
    "six.example.com": ["93.184.215.14", "fd00:ec2::254"],
    "localhost": ["127.0.0.1", "::1"],
    "localhost.": ["127.0.0.1"],
    "mixed.example.com": ["127.0.0.1", "93.184.215.14"],
    "metadata.example.com": ["169.254.169.254"],
    "none.example.com": [],
}


def look_up(host: str, port: int) -> Sequence[Address]:
    """As `socket.getaddrinfo` does, without a network."""
    if host == "busy.example.com":
        raise socket.gaierror(socket.EAI_AGAIN, "try again")
    try:
        found = DNS[host] if host in DNS else [_literal(host)]
    except ValueError:
        raise socket.gaierror(socket.EAI_NONAME, "no such name") from None
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]


def _literal(host: str) -> str:
    if ":" in host:
        socket.inet_pton(socket.AF_INET6, host)
        return host
    try:
        return socket.inet_ntoa(socket.inet_aton(host))  # as the C library: 127.1, 0x7f000001
    except OSError:
        raise ValueError(host) from None


@pytest.fixture
def addresses() -> Iterator[Addresses]:
    with closing(Addresses(local=False, look_up=look_up)) as addresses:
        yield addresses


@pytest.fixture
def local() -> Iterator[Addresses]:
    with closing(Addresses(local=True, look_up=look_up)) as addresses:
        yield addresses


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com/webhooks?a=1&b=%20",
        "HTTPS://Example.COM:8443/x",
        "https://_hook.example.com/",
        "https://xn--bcher-kva.example/",
        "https://93.184.215.14/",
        "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]:443/",
        "https://[64:ff9b::5db8:d70e]/",
        "https://[::ffff:93.184.215.14]/",
    ],
)
def test_a_url_of_a_public_host_is_taken(addresses: Addresses, url: str) -> None:
    addresses.check(url)


PRIVATE = [
    "localhost", "localhost.", "LOCALHOST", "half.example.com", "six.example.com",
    "mixed.example.com", "metadata.example.com", "0.0.0.1", "10.0.0.7", "100.64.0.1", "127.0.0.1",
    "127.255.255.254", "169.254.169.254", "172.16.0.1", "192.0.0.192", "192.88.99.1",
    "192.168.1.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "168.63.129.16",
    "[::]", "[::1]", "[::7f00:1]", "[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[64:ff9b::7f00:1]",
    "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::a00:1]", "[2002:7f00:1::]", "[2002:a00:7::1]",
    "[2001:0:7f00:1::]", "[2001:0:5db8:d70e:0:0:f5ff:fff8]", "[fc00::1]", "[fd00:ec2::254]",
    "[fe80::1]", "[fec0::1]", "[ff02::1]", "[2001:db8::1]", "[100::1]", "[4000::1]",
    "[2001:1::1]", "[2001:20::1]", "[3fff::1]", "[3fff:fff::1]", "[5f00::1]", "[100:0:0:1::1]",
]  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE)
def test_a_url_of_no_public_host_is_refused(addresses: Addresses, host: str) -> None:
    with pytest.raises(UrlRefused, match="a private or local address"):
        addresses.check(f"https://{host}/webhooks")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://example.com/", "must begin with https://"),
        ("ftp://example.com/", "must begin with https://"),
        ("file:///etc/passwd", "must begin with https://"),
        ("example.com", "must begin with https://"),
        ("//example.com", "must begin with https://"),
        ("", "must be a URL"),
        ("https://example.com/#x", "must be a URL"),
        ("https://example.com/a b", "must be a URL"),
        ("https://example.com\\@127.0.0.1/", "must be a URL"),
        ("https://example.com/{id}", "must be a URL"),
        ("https://bücher.example/", "must be a URL"),
        ("https://127。0。0。1/", "must be a URL"),
        ("https://example.com/\n", "must be a URL"),
        ("https://[::1/", "must be a URL: Invalid IPv6 URL"),
        ("https://example.com:99999/", "must be a URL: Port out of range"),
        ("https://example.com:x/", "must be a URL: Port could not be cast"),
        ("https://ann@example.com/", "no user name and no password"),
        ("https://ann:pass@example.com/", "no user name and no password"),
        ("https://example.com@127.0.0.1/", "no user name and no password"),
        ("https://example.com:0/", "must have a port from 1 to 65535"),
        ("https://example.com:/", "must have a port from 1 to 65535"),
        ("https:///x", "must name a host"),
        ("https://127.1/", "must name a host"),
        ("https://2130706433/", "must name a host"),
        ("https://0x7f.0.0.1/", "must name a host"),
        ("https://0x7f000001/", "must name a host"),
        ("https://0177.0.0.1/", "must name a host"),
        ("https://127.0.0.1./", "must name a host"),
        ("https://%31%32%37.0.0.1/", "must name a host"),
        ("https://[fe80::1%25eth0]/", "must name a host"),
        ("https://[v1.a]/", "must (name a host|be a URL)"),
        ("https://-a.example.com/", "must name a host"),
        ("https://" + "a." * 130 + "com/", "must name a host"),
        ("https://unknown.example.com/", "has no address: check it"),
        ("https://none.example.com/", "has no address: check it"),
        ("https://busy.example.com/", "could not be looked up: try again"),
    ],
)
def test_another_url_is_refused_with_the_reason(
    addresses: Addresses, url: str, problem: str
) -> None:
    with pytest.raises(UrlRefused, match=problem):
        addresses.check(url)


def test_a_laptop_may_have_endpoints_on_loopback(local: Addresses) -> None:
    for url in ("http://localhost:8002/receiver", "http://127.0.0.1/", "http://[::1]:9/x"):
        local.check(url)
    local.check("https://example.com/")


@pytest.mark.parametrize("host", ["example.com", "10.0.0.7", "mixed.example.com"])
def test_on_a_laptop_too_plain_http_goes_to_loopback_alone(local: Addresses, host: str) -> None:
    with pytest.raises(UrlRefused, match="except for localhost"):
        local.check(f"http://{host}/")


def test_a_look_up_that_hangs_ends_at_the_deadline() -> None:
    ended = threading.Event()

    def hang(host: str, port: int) -> Sequence[Address]:
        ended.wait()
        return look_up(host, port)

    with closing(Addresses(local=False, look_up=hang, deadline_s=0.01)) as addresses:
        with pytest.raises(UrlRefused, match="could not be looked up in time"):
            addresses.check("https://example.com/")
        ended.set()


@pytest.mark.parametrize(
    ("url", "other", "same"),
    [
        ("https://example.com", "HTTPS://EXAMPLE.com:443/", True),
        ("http://localhost:80/a", "http://localhost/a", True),
        ("https://example.com./a?x", "https://example.com/a?x", True),
        ("https://example.com/a", "https://example.com/A", False),
        ("https://example.com/a", "https://example.com/a?x", False),
        ("https://example.com:8443/", "https://example.com/", False),
        ("https://example.com:x/", "https://example.com:x/", True),
    ],
)
def test_urls_of_one_place_are_the_same(url: str, other: str, same: bool) -> None:
    assert (canonical(url) == canonical(other)) is same


def test_an_endpoint_is_named_after_its_host() -> None:
    assert host_of("https://Example.com:8443/x") == "example.com"
