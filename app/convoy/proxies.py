"""The proxy for Convoy, from the same environment variables as AWS's proxy."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import httpcore
import httpx
from botocore.httpsession import ProxyConfiguration
from botocore.utils import get_environ_proxies

if TYPE_CHECKING:
    Headers = list[tuple[bytes, bytes]]


class ProxyUnusable(ValueError):
    """The proxy's setting is not a URL of a proxy. The message hides it: it may have a password."""

    def __init__(self, url: str) -> None:
        name = f"{httpx.URL(url).scheme.upper()}_PROXY"
        super().__init__(f"{name} is not the URL of a proxy: set it to http://host:port.")


class ProxyRefused(Exception):
    """The proxy opened no tunnel."""

    def __init__(self, answer: httpcore.Response) -> None:
        super().__init__()
        self.status = answer.status
        self.reason = answer.extensions["reason_phrase"].decode("ascii", "replace")

    def response(self) -> httpx.Response:
        """The proxy's answer, in Convoy's envelope: it stands in for Convoy's answer."""
        message = f"the proxy opened no tunnel: {self.reason}"
        return httpx.Response(self.status, content=json.dumps({"message": message}))


@dataclass(frozen=True, slots=True)
class Proxy:
    """`headers` go to the proxy: `Proxy-Authorization`, if the proxy's URL has credentials.

    A proxy that `tunnels` passes TLS on, which it can't read. Another proxy forwards requests.
    """

    url: httpcore.URL
    tunnels: bool
    headers: Headers = field(default_factory=list, repr=False)

    @classmethod
    def of_environment(cls, url: str) -> Self | None:
        """The proxy for this URL, by HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in either case.

        botocore reads them, so that they mean the same for Convoy as for DynamoDB. Raises
        ProxyUnusable.
        """
        configured = ProxyConfiguration(get_environ_proxies(url))
        proxy = configured.proxy_url_for(url)
        if not proxy:
            return None
        try:
            parsed = httpx.URL(proxy)
            headers = configured.proxy_headers_for(proxy)
        except (httpx.InvalidURL, ValueError):
            raise ProxyUnusable(url) from None
        # `socket.getaddrinfo` would take 65,537 for port 1.
        is_a_port = parsed.port is None or 0 < parsed.port < 65_536
        # Not `host`, which fails with names such as xn--ls8h.la, an emoji.
        if not parsed.raw_host or parsed.path != "/" or not is_a_port:
            raise ProxyUnusable(url)
        origin = httpcore.URL(
            scheme=parsed.raw_scheme, host=parsed.raw_host, port=parsed.port, target=b"/"
        )
        return cls(
            origin,
            tunnels=httpx.URL(url).scheme == "https",
            headers=[(name.encode(), value.encode()) for name, value in headers.items()],
        )

    @property
    def host(self) -> str:
        return self.url.host.decode("ascii")

    @property
    def port(self) -> int:
        return self.url.origin.port

    @property
    def is_secure(self) -> bool:
        return self.url.scheme == b"https"

    def open_tunnel(self, stream: httpcore.NetworkStream, host: str, port: int) -> None:
        """Ask the proxy, over the stream, for a tunnel. Raises ProxyRefused.

        httpcore's HTTPProxy would ask too. It counts a tunnel whose handshake failed as in use for
        ever (1.0.9): after `max_connections` of them no request gets a connection.
        """
        target = b"[%b]:%d" if ":" in host else b"%b:%d"
        target %= (host.encode("ascii"), port)
        request = httpcore.Request(
            "CONNECT",
            httpcore.URL(scheme=self.url.scheme, host=self.url.host, port=self.port, target=target),
            headers=[(b"Host", target), *self.headers],
        )
        answer = httpcore.HTTP11Connection(self.url.origin, stream).handle_request(request)
        if not 200 <= answer.status < 300:
            stream.close()
            raise ProxyRefused(answer)

    def forwarding(self, request: httpcore.Request) -> httpcore.Request:
        """The request in the form that a forwarding proxy takes."""
        host = next(value for name, value in request.headers if name.lower() == b"host")
        target = b"%b://%b%b" % (request.url.scheme, host, request.url.target)
        url = httpcore.URL(
            scheme=self.url.scheme, host=self.url.host, port=self.url.port, target=target
        )
        headers = [*request.headers, *self.headers]
        return httpcore.Request(request.method, url, headers=headers, content=request.stream)
