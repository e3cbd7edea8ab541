"""The local API with the portal at `/portal/`: on one origin, so that the browser needs no CORS.

uvicorn --factory infra.local.portal:local_api
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import FileResponse, RedirectResponse

from app.wiring import api
from infra.loopback import OnlyThisMachine

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

PORTAL = Path(__file__).parents[2] / "examples" / "portal"
PATH = "/portal"

_FILES = {f"{PATH}/{file.name}": file for file in PORTAL.iterdir()}
_FILES[f"{PATH}/"] = PORTAL / "index.html"


def local_api() -> ASGIApp:
    """Ends the process with a message if the settings are wrong."""
    return OnlyThisMachine(Portal(api.local_api()), pages={PATH, f"{PATH}/", "/docs"})


class Portal:
    """Serves the portal's files; every other path is the API's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._headers = {
            # frame-ancestors holds only in a header.
            "content-security-policy": f"{_policy()}; frame-ancestors 'none'",
            "x-content-type-options": "nosniff",
            "cache-control": "no-cache",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path")
        if path == PATH:
            await RedirectResponse(f"{PATH}/")(scope, receive, send)
        elif path in _FILES:
            await FileResponse(_FILES[path], headers=self._headers)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _policy() -> str:
    """The content security policy of the page's own `meta` element."""
    page = (PORTAL / "index.html").read_text()
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    if found is None:
        raise ValueError(f"{PORTAL}/index.html has no Content-Security-Policy")
    return found[1]
