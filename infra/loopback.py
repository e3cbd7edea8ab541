"""Servers of this machine alone: they refuse the requests of other sites' pages.

A page may send requests to loopback, where browsers let it: forms, images, `fetch` without an
answer. Under a name that its own site resolves to loopback, it may even read the answers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

STATUS = 403

# With any port: a browser sends the port that it connects to, and a forwarded port may be another.
_LOOPBACK = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?", re.IGNORECASE)
_ADVICE = "Use a page of this server, or a program of this machine."


def refusal(
    method: str, path: str, headers: Mapping[str, str], pages: Container[str] = ()
) -> str | None:
    """The reason to refuse a request, with what to do, or None. `headers` ignores case.

    A link of any site may open one of the paths in `pages`.
    """
    host, origin = headers.get("host", ""), headers.get("origin")
    if not _LOOPBACK.fullmatch(host):
        return f"The Host '{host}' is not this machine. Call localhost or 127.0.0.1."
    if origin is not None:
        if origin in {f"http://{host.lower()}", f"https://{host.lower()}"}:
            return None
        return f"A page of the origin '{origin}' may not call this server. {_ADVICE}"
    # A browser sends no Origin with an image, a script, a link or a form that GETs.
    if headers.get("sec-fetch-site", "none") in {"none", "same-origin"}:
        return None
    if method == "GET" and path in pages and headers.get("sec-fetch-dest") == "document":
        return None
    return f"A page of another origin may not call this server. {_ADVICE}"


class OnlyThisMachine:
    """Answers a request that `refusal` refuses with 403."""

    def __init__(self, app: ASGIApp, pages: Container[str] = ()) -> None:
        self._app, self._pages = app, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._app
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            reason = refusal(scope["method"], scope["path"], headers, self._pages)
            if reason is not None:
                answer = PlainTextResponse(f"{reason}\n", STATUS)
        await answer(scope, receive, send)
