"""Pages of static files in front of the local API: on its origin, so that they need no CORS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import FileResponse, RedirectResponse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send


class StaticPages:
    """Serves a page's files below `path`, with a policy; every other path is the app's."""

    def __init__(self, app: ASGIApp, path: str, files: Mapping[str, Path], policy: str) -> None:
        self._app, self._path = app, path
        self._files = {f"{path}/{name}": file for name, file in files.items()}
        self._files[f"{path}/"] = files["index.html"]
        self._headers = {
            # frame-ancestors holds only in a header.
            "content-security-policy": f"{policy}; frame-ancestors 'none'",
            # A page that opened this one could later put its own in place of it.
            "cross-origin-opener-policy": "same-origin",
            "x-content-type-options": "nosniff",
            "cache-control": "no-cache",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path")
        if path == self._path:
            await RedirectResponse(f"{self._path}/")(scope, receive, send)
        elif path in self._files:
            await FileResponse(self._files[path], headers=self._headers)(scope, receive, send)
        else:
            await self._app(scope, receive, send)
