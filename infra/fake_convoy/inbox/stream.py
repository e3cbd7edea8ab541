"""The inbox's stream of server-sent events: what the page shows, and each change of it.

`hello`, `trouble`, `outbox`, each present event, `ready`; then the changes. `outbox` is sent only
if there is an outbox. After `ready`, `event` is sent for each event that changed, with `found`:
whether it is still one that the page asked for (`search.py`).
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from starlette.responses import Response, StreamingResponse

from infra.fake_convoy.feed import NOTHING
from infra.fake_convoy.inbox.search import Search
from infra.fake_convoy.inbox.views import event_view
from infra.fake_convoy.project import project_of
from infra.fake_convoy.worker import worker_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from starlette.requests import Request

    from infra.fake_convoy.feed import Changes, Watch
    from infra.fake_convoy.inbox.gauges import Gauges
    from infra.fake_convoy.project import JsonObject

NEWEST = 200
"""The largest number of events on the page."""

TOGETHER_S = 0.1
"""Seconds of changes that are sent together: an event changes three times as it arrives."""

STILL_THERE_S = 15.0
"""Seconds without a message, after which the stream sends a sign of life."""

RECONNECT_MS = 1000
"""Milliseconds until a page that lost its stream connects again."""


async def stream(request: Request) -> Response:
    return StreamingResponse(
        _messages(request),
        media_type="text/event-stream",
        headers={"cache-control": "no-store"},
    )


async def _messages(request: Request) -> AsyncIterator[str]:
    project, gauges = project_of(request), request.app.state.gauges
    search = Search.of(request.query_params)
    with project.feed.watch() as watch:
        yield f"retry: {RECONNECT_MS}\n\n"
        yield _message("hello", {"try": request.app.state.to_try, "newest": NEWEST})
        for message in _states(gauges, trouble=True, outbox=True):
            yield message
        for view in _first(request, search):
            yield _message("event", view)
        yield _message("ready", {})
        while not (changes := await _next(watch)).ended:
            if changes == NOTHING:
                yield ": still there\n\n"
            if changes.cleared:
                yield _message("cleared", {})
            for message in _states(gauges, trouble=changes.trouble, outbox=changes.outbox):
                yield message
            for view in _views(request, changes.events.values()):
                yield _message("event", view | {"found": search.finds(view)})


async def _next(watch: Watch) -> Changes:
    try:
        await asyncio.wait_for(watch.wait(), STILL_THERE_S)
        await asyncio.sleep(TOGETHER_S)
    except TimeoutError:
        pass
    return watch.take()


def _states(gauges: Gauges, *, trouble: bool, outbox: bool) -> Iterator[str]:
    if trouble:
        yield _message("trouble", gauges.trouble())
    if outbox and (shown := gauges.outbox()) is not None:
        yield _message("outbox", shown)


def _message(name: str, data: JsonObject) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def _first(request: Request, search: Search) -> list[JsonObject]:
    """The newest events that are found, as many as the page has room for, oldest first."""
    newest = []
    for view in _views(request, reversed(project_of(request).events.values())):
        if search.finds(view):
            newest.append(view | {"found": True})
            if len(newest) == NEWEST:
                break
    return newest[::-1]


def _views(request: Request, events: Iterable[JsonObject]) -> Iterator[JsonObject]:
    project, queues = project_of(request), worker_of(request).queues
    return (event_view(project, queues, event) for event in events)
