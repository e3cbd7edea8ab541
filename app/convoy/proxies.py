"""The proxy for Convoy, from the same environment variables as AWS's proxy."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import httpx
from botocore.httpsession import ProxyConfiguration
from botocore.utils import get_environ_proxies

from app.convoy.answers import Answer
from app.convoy.connections import Connection, Origin, Request
from app.convoy.errors import ConnectError

if TYPE_CHECKING:
    from app.convoy.connections import Headers
    from app.convoy.streams import Limited


class ProxyUnusable(ValueError):
    """The proxy's setting is not a URL of a proxy. The message hides it: it may have a password."""

    def __init__(self, url: str) -> None:
        name = f"{httpx.URL(url).scheme.upper()}_PROXY"
        super().__init__(f"{name} is not the URL of a proxy: set it to http://host:port.")


class ProxyRefused(Exception):
    """The proxy opened no tunnel."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.status = answer.status
        self.reason = answer.reason

    def response(self) -> httpx.Response:
        """The proxy's answer, in Convoy's envelope: it stands in for Convoy's answer."""
        message = f"the proxy opened no tunnel: {self.reason}"
        return httpx.Response(self.status, content=json.dumps({"message": message}))


@dataclass(frozen=True, slots=True)
class Proxy:
    """`headers` go to the proxy: `Proxy-Authorization`, if the proxy's URL has credentials.

    A proxy that `tunnels` passes TLS on, which it can't read. Another proxy forwards requests.
    """

    origin: Origin
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
        return cls(
            Origin.of(parsed),
            tunnels=httpx.URL(url).scheme == "https",
            headers=[(name.encode(), value.encode()) for name, value in headers.items()],
        )

    def open_tunnel(self, stream: Limited, to: Origin) -> None:
        """Ask the proxy, over the stream, for a tunnel.

        Raises ProxyRefused, NoAnswer, and what an Answer raises.
        """
        host = f"[{to.host}]" if ":" in to.host else to.host
        target = f"{host}:{to.port}"
        headers = [(b"Host", target.encode()), *self.headers]
        Connection(self.origin, stream, stream).write(
            Request("CONNECT", self.origin, target, headers)
        )
        # Not `getresponse`: it closes the connection behind an answer without a length.
        with closing(Answer(stream, method="CONNECT")) as answer:
            answer.begin()
            if not 200 <= answer.status < 300:
                raise ProxyRefused(answer)
            if answer.left_behind(stream.limit):
                raise ConnectError("the proxy sent more than its answer")
        stream.limit.received = 0

    def forwarding(self, request: Request) -> Request:
        """The request in the form that a forwarding proxy takes."""
        host = next(value for name, value in request.headers if name.lower() == b"host")
        return request._replace(
            origin=self.origin,
            target=f"{request.origin.scheme}://{host.decode()}{request.target}",
            headers=[*request.headers, *self.headers],
        )
