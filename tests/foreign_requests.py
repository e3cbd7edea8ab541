"""Requests to a port of this machine, as browsers send them for the pages of other origins."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx

from tests.support import PATIENCE_S

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

Headers = dict[str, str]

REASON = "is not this machine|may not call this server"


def foreign(port: int) -> Mapping[str, Headers]:
    """The headers by what sends them."""
    own = {"host": f"localhost:{port}"}
    image = {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
    link = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    return {
        "a name that resolves to loopback": {"host": f"attacker.example:{port}"},
        "a name that begins as this machine's": {"host": f"localhost.attacker.example:{port}"},
        "a name and its own page": {
            "host": f"attacker.example:{port}",
            "origin": f"http://attacker.example:{port}",
            "sec-fetch-site": "same-origin",
        },
        "an empty name": {"host": ""},
        "a form": own | {"origin": "https://attacker.example", "sec-fetch-site": "cross-site"},
        "a form of an old browser": own | {"origin": "https://attacker.example"},
        "a page of another port": own | {"origin": f"http://localhost:{port + 1}"},
        "a page of another name": own | {"origin": f"http://127.0.0.1:{port}"},
        "a page without an origin": own | {"origin": "null"},
        "an image": own | {"sec-fetch-site": "cross-site"} | image,
        "an image of another port": own | {"sec-fetch-site": "same-site"} | image,
        "a link": own | {"sec-fetch-site": "cross-site"} | link,
    }


def own(port: int) -> Mapping[str, Headers]:
    """Requests of programs and of the server's own pages."""
    host = f"localhost:{port}"
    return {
        "a program": {"host": host},
        "another spelling": {"host": f"LOCALHOST:{port}", "origin": f"http://localhost:{port}"},
        "an address": {"host": f"127.0.0.1:{port}"},
        "an address of version 6": {"host": f"[::1]:{port}"},
        "another forwarded port": {"host": f"localhost:{port + 1}"},
        "a change by the page": {"host": host, "origin": f"http://{host}"},
        "a change by the page over TLS": {"host": host, "origin": f"https://{host}"},
        "a read by the page": {"host": host, "sec-fetch-site": "same-origin"},
        "the address bar": {"host": host, "sec-fetch-site": "none"},
    }


def refused_at(port: int, scheme: str = "http", trusted: ssl.SSLContext | None = None) -> set[str]:
    """The requests, of `foreign` and `own`, that the server at the port refuses."""
    refused = set()
    url = f"{scheme}://localhost:{port}/"
    with httpx.Client(verify=trusted or True, trust_env=False, timeout=PATIENCE_S) as http:
        for name, headers in {**foreign(port), **own(port)}.items():
            answer = http.post(url, content="{}", headers=headers | {"content-type": "text/plain"})
            if answer.status_code == 403 and re.search(REASON, answer.text):
                refused.add(name)
    return refused
