"""The inbox: a page that shows each event and its deliveries as they come, and its data.

`/inbox` answers a browser with the page, and others with JSON. `/inbox/stream` sends each event
again when it changes.
"""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from infra.fake_convoy.answers import Refusal, body_of
from infra.fake_convoy.deliveries import ENDED, SIGNATURE, storable
from infra.fake_convoy.delivery_routes import delivery_of
from infra.fake_convoy.feed import NOTHING
from infra.fake_convoy.project import project_of
from infra.fake_convoy.receiver import verifies
from infra.fake_convoy.worker import worker_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from starlette.requests import Request

    from infra.fake_convoy.feed import Changes, Watch
    from infra.fake_convoy.project import JsonObject, Project

PATH = "/inbox"
PAGE = Path(__file__).parent / "page"
ASSETS = {"cards.js", "inbox.css", "inbox.js"}

NEWEST = 200
"""The largest number of events on the page."""

TOGETHER_S = 0.1
"""Seconds of changes that are sent together: an event changes three times as it arrives."""

STILL_THERE_S = 15.0
"""Seconds without a message, after which the stream sends a sign of life."""

RECONNECT_MS = 1000
"""Milliseconds until a page that lost its stream connects again."""

MAX_FAILURE_S = 600

HEADERS = {
    # Whatever a payload holds, the page can send requests only to this server.
    "content-security-policy": "default-src 'none'; connect-src 'self'; img-src data:;"
    " script-src 'self'; style-src 'self'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
    "vary": "accept",
}


async def inbox(request: Request) -> Response:
    """The page, or all events as JSON, oldest first."""
    if "text/html" in request.headers.get("accept", ""):
        return FileResponse(PAGE / "inbox.html", headers=HEADERS)
    project = project_of(request)
    shown = {"events": [_event(project, event) for event in project.events.values()]}
    text = json.dumps(shown, indent=2, ensure_ascii=False) + "\n"
    content = text.encode(errors="replace")
    return Response(content, headers=HEADERS, media_type="application/json")


async def asset(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in ASSETS:
        raise Refusal(404, f"the inbox has no file {name}")
    return FileResponse(PAGE / name, headers=HEADERS)


async def stream(request: Request) -> Response:
    """Server-sent events: `hello`, the present events, `ready`; then the changes.

    `event` is sent for an event that matches `search`; `receiver` and `cleared` are always sent.
    """
    search = request.query_params.get("search", "").strip().removeprefix("#").lower()
    return StreamingResponse(
        _messages(request, search),
        media_type="text/event-stream",
        headers={"cache-control": "no-store"},
    )


async def _messages(request: Request, search: str) -> AsyncIterator[str]:
    project, receiver = project_of(request), request.app.state.receiver
    with project.feed.watch() as watch:
        yield f"retry: {RECONNECT_MS}\n\n"
        yield _message("hello", {"api": request.app.state.api_url, "newest": NEWEST})
        yield _message("receiver", {"fails_for_s": receiver.fails_for()})
        for event in _newest(project, project.events.values(), search):
            yield _message("event", _event(project, event))
        yield _message("ready", {})
        while not (changes := await _next(watch)).ended:
            if changes == NOTHING:
                yield ": still there\n\n"
            if changes.cleared:
                yield _message("cleared", {})
            if changes.receiver:
                yield _message("receiver", {"fails_for_s": receiver.fails_for()})
            for event in _newest(project, changes.events.values(), search):
                yield _message("event", _event(project, event))


async def _next(watch: Watch) -> Changes:
    try:
        await asyncio.wait_for(watch.wait(), STILL_THERE_S)
        await asyncio.sleep(TOGETHER_S)
    except TimeoutError:
        pass
    return watch.take()


def _message(name: str, data: JsonObject) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def _newest(project: Project, events: Iterable[JsonObject], search: str) -> Iterator[JsonObject]:
    """The events of `events` that the page has room for, oldest first."""
    if search:
        found = [event for event in events if matches(event, search)]
    else:
        oldest = len(project.events) - NEWEST
        found = [event for event in events if event["number"] > oldest]
    yield from sorted(found, key=lambda event: event["number"])[-NEWEST:]


def matches(event: JsonObject, search: str) -> bool:
    """Whether the event's type, or an id (its own, its key, its resource's) begins so."""
    data = event["data"] if isinstance(event["data"], dict) else {}
    found = [event["event_type"], data.get("event", ""), event["idempotency_key"], event["uid"]]
    found += [each["id"] for each in data.values() if isinstance(each, dict) and "id" in each]
    found += [each for name, each in data.items() if name.endswith("_id")]
    return any(str(each).lower().startswith(search) for each in found)


async def resend(request: Request) -> Response:
    """Send a delivery that has ended, with or without success, once more."""
    delivery = delivery_of(request)
    if delivery["status"] not in ENDED:
        raise Refusal(409, "The delivery has not ended. Wait for its next attempt.")
    worker_of(request).send(delivery)
    return Response(status_code=204)


async def fail(request: Request) -> Response:
    """Let the receiver fail for `seconds`; 0 lets it work again."""
    seconds = (await body_of(request)).get("seconds")
    if not isinstance(seconds, int | float) or not 0 <= seconds <= MAX_FAILURE_S:
        raise Refusal(400, f"seconds must be a number from 0 to {MAX_FAILURE_S}")
    request.app.state.receiver.fail_for(seconds)
    project_of(request).feed.receiver()
    return Response(status_code=204)


def _event(project: Project, event: JsonObject) -> JsonObject:
    """An event as the page shows it."""
    deliveries = project.deliveries_of[event["uid"]]
    fields = {name: value for name, value in event.items() if name not in {"data", "raw"}}
    return fields | {
        "storable": storable(event["raw"]),
        "deliveries": [_delivery(project, each) for each in deliveries],
        "data": event["data"],  # last, where a person who reads the JSON finds it
    }


def _delivery(project: Project, delivery: JsonObject) -> JsonObject:
    endpoint = project.endpoints[delivery["endpoint_id"]]
    attempts = project.attempts_of[delivery["uid"]]
    return {
        **{name: delivery[name] for name in ("uid", "status", "description")},
        "next_send_time": delivery["next_send_time"],
        "endpoint": {name: endpoint[name] for name in ("name", "url")},
        "attempts": [_attempt(project, endpoint, delivery, each) for each in attempts],
    }


def _attempt(
    project: Project, endpoint: JsonObject, delivery: JsonObject, attempt: JsonObject
) -> JsonObject:
    sent = datetime.fromisoformat(attempt["requested_at"])
    answered = attempt.get("responded_at")
    latency = datetime.fromisoformat(answered) - sent if answered else None
    signature = attempt["request_http_header"][SIGNATURE]
    uid = attempt["uid"]
    if uid not in project.verdicts:
        body = project.events[delivery["event_id"]]["raw"].encode()
        project.verdicts[uid] = verifies(endpoint, body, signature, sent.timestamp())
    return {
        "at": attempt["requested_at"],
        "answer": attempt.get("http_status") or attempt.get("error", "none"),
        "arrived": "status" in attempt,
        "latency_ms": None if latency is None else round(latency.total_seconds() * 1000, 1),
        "signature": signature,
        "verifies": project.verdicts[uid],
    }


routes = [
    Route(PATH, inbox),
    Route("/inbox/stream", stream),
    Route("/inbox/deliveries/{uid}/resend", resend, methods=["PUT"]),
    Route("/inbox/receiver", fail, methods=["PUT"]),
    Route("/inbox/{name}", asset),
]
