"""A stand-in for Convoy: its HTTP contract for what this project uses, in memory, on loopback.

Its API answers as Convoy's does: the same codes, messages and envelopes, the same idempotency. It
delivers to the endpoints that are registered, one of which may be its own receiver, and shows all
at `/inbox`. Tests tell the API to fail through `/_control/faults`, and empty it through
`/_control/reset`.

    python -m infra.fake_convoy --port 8002
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.fake_convoy import inbox, resources, server
from infra.fake_convoy.answers import Refusal, body_of, created, raw_field, refused, require
from infra.fake_convoy.deliveries import Backoff, Courier
from infra.fake_convoy.project import Fault, Project, project_of
from infra.fake_convoy.receiver import PATH as RECEIVER
from infra.fake_convoy.receiver import Receiver

if TYPE_CHECKING:
    from pathlib import Path

API_KEY = "CO.local"
PROJECT = "/api/v1/projects/{project_id}"
"""Whatever id is given: the key's own project is what Convoy goes by."""

_ANY = ["GET", "POST", "PUT", "DELETE"]
_JSON = {"content-type": "application/json"}

Endpoint = Callable[[Request], Awaitable[Response]]


def build(
    journal: Path | None = None,
    backoff: Backoff = Backoff(),  # noqa: B008
    api_url: str = "http://localhost:8080",
) -> Starlette:
    """`api_url` is where the inbox tells to create a todo."""
    project, receiver = Project(journal), Receiver()

    @asynccontextmanager
    async def running(app: Starlette) -> AsyncIterator[None]:
        # The proxies of the environment have nothing to do with this machine's endpoints.
        async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as http:
            app.state.courier = Courier(project, http, backoff)
            yield
            app.state.courier.stop()

    app = Starlette(
        routes=[
            *_api_routes(),
            Route("/_control/faults", set_fault, methods=["PUT", "DELETE"]),
            Route("/_control/reset", reset, methods=["PUT"]),
            Route(RECEIVER, receiver.receive, methods=["POST"]),
            *inbox.routes,
            Route("/api/{rest:path}", not_found, methods=_ANY),
            # Outside /api the real one serves its dashboard, whatever is asked.
            Route("/{rest:path}", dashboard, methods=_ANY),
        ],
        # No name that somebody else points to this machine opens the inbox.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[server.HOST, "localhost"])],
        exception_handlers={Refusal: refused},
        lifespan=running,
    )
    app.state.project, app.state.receiver = project, receiver
    app.state.at_end, app.state.api_url = project.feed.end, api_url
    return app


def _api_routes() -> list[Route]:
    return [
        _route("", resources.project),
        _route("/events/fanout", fan_out, "POST"),
        _route("/events", resources.events),
        _route("/endpoints", resources.endpoints, "GET", "POST"),
        _route("/subscriptions", resources.subscriptions, "GET", "POST"),
        _route("/event-types", resources.event_types, "GET", "POST"),
        _route("/event-types/{uid}", resources.event_type, "PUT"),
        _route("/eventdeliveries", resources.deliveries),
        _route("/eventdeliveries/forceresend", resources.force_resend, "POST"),
        _route("/eventdeliveries/{uid}", resources.delivery),
        _route("/eventdeliveries/{uid}/resend", resources.resend, "PUT"),
        _route("/eventdeliveries/{uid}/deliveryattempts", resources.attempts),
    ]


def _route(path: str, endpoint: Endpoint, *methods: str) -> Route:
    return Route(f"{PROJECT}{path}", _api(endpoint), methods=methods or ["GET"])


def _api(endpoint: Endpoint) -> Endpoint:
    """Wrap a route of the API in what comes before each: faults, key, content type."""

    async def guarded(request: Request) -> Response:
        await request.body()  # whatever follows, the client has finished sending
        fault = project_of(request).next_fault()
        if fault is not None:
            await asyncio.sleep(fault.delay_s)
            if fault.reset:
                server.reset_connection(request)
                return Response()
            if fault.status is not None:
                return Response(fault.body, fault.status, {**_JSON, **fault.headers})
        try:
            _authorize(request)
            content_type = request.headers.get("content-type", "")
            if content_type and not content_type.startswith("application/json"):
                return Response(status_code=415)
            answer = await endpoint(request)
        except Refusal as refusal:
            answer = refused(request, refusal)
        if fault is not None and fault.lose_answer:
            server.reset_connection(request)
        return answer

    return guarded


async def fan_out(request: Request) -> Response:
    message = await body_of(request)
    require(
        message,
        owner_id="please provide an owner id",
        event_type="please provide an event type",
        data="please provide your data",
    )
    headers = message.get("custom_headers") or {}
    if not all(isinstance(value, str) for value in headers.values()):
        raise Refusal(400, 'body contains incorrect JSON type for field "custom_headers"')
    raw = raw_field((await request.body()).decode(), "data")
    event = project_of(request).receive(message, raw)
    if event["is_duplicate_event"]:
        return created("Duplicate event received, but will not be sent", None)
    request.app.state.courier.fan_out(event)
    return created("Endpoint fanout event queued successfully", None)


async def set_fault(request: Request) -> Response:
    fault = Fault(**await request.json()) if request.method == "PUT" else None
    project_of(request).fault = fault
    return Response(status_code=204)


async def reset(request: Request) -> Response:
    request.app.state.courier.stop()
    request.app.state.receiver.fail_for(0)
    project_of(request).clear()
    return Response(status_code=204)


async def not_found(_: Request) -> Response:
    return Response("404 page not found\n", 404, media_type="text/plain")


async def dashboard(_: Request) -> Response:
    return Response("<!doctype html><title>Convoy</title>", media_type="text/html")


def _authorize(request: Request) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in {"basic", "bearer"} or not key:
        raise Refusal(401, "Authentication required")
    if not hmac.compare_digest(key.encode(), API_KEY.encode()):
        raise Refusal(401, "authorization failed")
