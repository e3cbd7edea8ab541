"""The inbox: a page that shows each event and its deliveries as they come, and what it is fed by.

`/inbox` is the page to a browser and JSON to others; `/inbox/stream` tells each event anew when it
changes. What the page can do is a PUT: no other site's page can send one here.
"""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from infra.local.answers import Refusal, body_of
from infra.local.courier import FAILURE, SIGNATURE, SUCCESS
from infra.local.project import project_of
from infra.local.receiver import verifies
from infra.local.resources import delivery_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from starlette.requests import Request

    from infra.local.project import Json, Project
    from infra.local.receiver import Receiver

PAGE = Path(__file__).parent / "page"

NEWEST = 200
"""Events that the page begins with."""

STILL_THERE_S = 15.0
"""Seconds of silence after which a stream says that it goes on."""

RECONNECT_MS = 1000
"""Until a page that lost its stream tries again."""

MAX_FAILURE_S = 600

_POLICY = {
    "content-security-policy": "default-src 'none'; connect-src 'self'; img-src data:;"
    " script-src 'self'; style-src 'self'; form-action 'none'; frame-ancestors 'none'"
}
"""Nothing that the page shows can make it send a request to anywhere but here."""


async def inbox(request: Request) -> Response:
    """All that was received, oldest first."""
    if "text/html" in request.headers.get("accept", ""):
        return FileResponse(PAGE / "inbox.html", headers=_POLICY)
    project = project_of(request)
    told = {"events": [_event(project, event) for event in project.events.values()]}
    text = json.dumps(told, indent=2, ensure_ascii=False) + "\n"
    return Response(text, media_type="application/json")


async def stream(request: Request) -> Response:
    """Server-sent events: `hello`, `receiver`, `event` (what matches `search`), `cleared`."""
    search = request.query_params.get("search", "").strip().lower()
    return StreamingResponse(
        _messages(request, search),
        media_type="text/event-stream",
        headers={"cache-control": "no-store"},
    )


async def _messages(request: Request, search: str) -> AsyncIterator[str]:
    project, receiver = project_of(request), request.app.state.receiver
    with project.feed.listening() as changes:
        yield f"retry: {RECONNECT_MS}\n\n"
        yield _message("hello", {"api": request.app.state.api_url})
        yield _message("receiver", _receiver(receiver))
        for event in _newest(project, search):
            yield _message("event", _event(project, event))
        while True:
            try:
                change = await asyncio.wait_for(changes.get(), STILL_THERE_S)
            except TimeoutError:
                yield ": still there\n\n"
                continue
            if change is None:
                return
            if "cleared" in change:
                yield _message("cleared", {})
            elif "receiver" in change:
                yield _message("receiver", _receiver(receiver))
            elif matches(event := change["event"], search):
                yield _message("event", _event(project, event))


def _message(name: str, data: Json) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def _newest(project: Project, search: str) -> Iterator[Json]:
    found = [event for event in project.events.values() if matches(event, search)]
    yield from found[-NEWEST:]


def matches(event: Json, search: str) -> bool:
    """Whether a type or an id (of the event, its todo, its key) begins with what is searched."""
    data = event["data"] if isinstance(event["data"], dict) else {}
    todo = data.get("todo")
    todo_id = todo.get("id", "") if isinstance(todo, dict) else data.get("todo_id", "")
    told = (
        event["event_type"],
        data.get("event", ""),
        todo_id,
        event["idempotency_key"],
        event["uid"],
    )
    return any(str(each).lower().startswith(search) for each in told)


async def resend(request: Request) -> Response:
    """Once more what has ended, well or not."""
    delivery = delivery_of(request)
    if delivery["status"] not in {SUCCESS, FAILURE}:
        raise Refusal(409, "It is under way: its next attempt comes by itself.")
    request.app.state.courier.send(delivery)
    return Response(status_code=204)


async def fail(request: Request) -> Response:
    """Let the receiver fail for `seconds`; 0 ends it."""
    seconds = (await body_of(request)).get("seconds")
    if not isinstance(seconds, int | float) or not 0 <= seconds <= MAX_FAILURE_S:
        raise Refusal(400, f"seconds must be a number from 0 to {MAX_FAILURE_S}")
    request.app.state.receiver.fail_for(seconds)
    project_of(request).feed.tell({"receiver": True})
    return Response(status_code=204)


def _receiver(receiver: Receiver) -> Json:
    return {"fails_until": receiver.fails_until}


def _event(project: Project, event: Json) -> Json:
    """An event as the page shows it."""
    deliveries = project.deliveries_of[event["uid"]]
    told = event | {"deliveries": [_delivery(project, each) for each in deliveries]}
    return told | {"data": told.pop("data")}  # last: it is what one looks at


def _delivery(project: Project, delivery: Json) -> Json:
    shown = ("uid", "status", "description")
    endpoint = project.endpoints[delivery["endpoint_id"]]
    body = delivery["metadata"]["raw"].encode()
    return {
        **{name: delivery[name] for name in shown},
        "next_send_time": delivery["metadata"]["next_send_time"],
        "endpoint": {name: endpoint[name] for name in ("name", "url")},
        "attempts": [
            _attempt(endpoint, body, each) for each in project.attempts_of[delivery["uid"]]
        ],
    }


def _attempt(endpoint: Json, body: bytes, attempt: Json) -> Json:
    sent = datetime.fromisoformat(attempt["requested_at"])
    answered = attempt.get("responded_at")
    latency = datetime.fromisoformat(answered) - sent if answered else None
    signature = attempt["request_http_header"][SIGNATURE]
    return {
        "at": attempt["requested_at"],
        "answer": attempt.get("http_status") or attempt["error"],
        "arrived": "status" in attempt,
        "latency_ms": latency and round(latency.total_seconds() * 1000, 1),
        "signature": signature,
        "verifies": verifies(endpoint, body, signature, sent.timestamp()),
    }


routes = [
    Route("/inbox", inbox),
    Route("/inbox/stream", stream),
    Route("/inbox/deliveries/{uid}/resend", resend, methods=["PUT"]),
    Route("/inbox/receiver", fail, methods=["PUT"]),
    Mount("/inbox", StaticFiles(directory=PAGE)),
]
