"""The inbox: a page that shows each event and its deliveries as they come, and its data.

`/inbox` answers a browser with the page, and others with JSON. `/inbox/stream` (`stream.py`) sends
what the page shows, again when it changes. `actions.py` has what the page's buttons do.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import FileResponse, Response
from starlette.routing import Route

from infra.fake_convoy.answers import Refusal
from infra.fake_convoy.inbox import actions
from infra.fake_convoy.inbox.stream import stream
from infra.fake_convoy.inbox.views import event_view
from infra.fake_convoy.project import project_of
from infra.fake_convoy.worker import worker_of

if TYPE_CHECKING:
    from starlette.requests import Request

PATH = "/inbox"
PAGE = Path(__file__).parents[1] / "page"
ASSETS = {file.name for file in PAGE.iterdir() if file.suffix in {".css", ".js"}}

HEADERS = {
    # Whatever a payload holds, the page can send requests only to this server.
    "content-security-policy": "default-src 'none'; connect-src 'self'; img-src data:;"
    " script-src 'self'; style-src 'self'; form-action 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
    "vary": "accept",
}


async def inbox(request: Request) -> Response:
    """The page, or all events as JSON, oldest first."""
    if "text/html" in request.headers.get("accept", ""):
        return FileResponse(PAGE / "inbox.html", headers=HEADERS)
    project, queues = project_of(request), worker_of(request).queues
    shown = {"events": [event_view(project, queues, event) for event in project.events.values()]}
    text = json.dumps(shown, indent=2, ensure_ascii=False) + "\n"
    content = text.encode(errors="replace")
    return Response(content, headers=HEADERS, media_type="application/json")


async def asset(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in ASSETS:
        raise Refusal(404, f"the inbox has no file {name}")
    return FileResponse(PAGE / name, headers=HEADERS)


routes = [
    Route(PATH, inbox),
    Route("/inbox/stream", stream),
    *actions.routes,
    Route("/inbox/{name}", asset),
]
