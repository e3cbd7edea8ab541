"""A stand-in for Convoy: its HTTP contract for what this project uses, in memory, on loopback.

Fan-out, endpoints, subscriptions and event types answer as Convoy does: the same codes, messages
and envelopes, the same idempotency. It does not deliver; `/inbox` lists what it received. Tests
tell it to fail through `/_control/faults`, and empty it through `/_control/reset`.

    python -m infra.local.convoy --port 8002
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.local import server
from infra.local.project import Fault, Json, Project, now, uid

API_KEY = "CO.local"
PROJECT = "/api/v1/projects/{project_id}"

Endpoint = Callable[[Request], Awaitable[Response]]


class Refusal(Exception):
    """An error answer, as Convoy words it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def build(journal: Path | None = None) -> Starlette:
    app = Starlette(
        routes=[
            Route(f"{PROJECT}/events/fanout", _api(fan_out), methods=["POST"]),
            Route(f"{PROJECT}/endpoints", _api(endpoints), methods=["GET", "POST"]),
            Route(f"{PROJECT}/subscriptions", _api(subscriptions), methods=["GET", "POST"]),
            Route(f"{PROJECT}/event-types", _api(event_types), methods=["GET", "POST"]),
            Route("/inbox", inbox),
            Route("/_control/faults", set_fault, methods=["PUT", "DELETE"]),
            Route("/_control/reset", reset, methods=["POST"]),
            Route("/api/{rest:path}", not_found, methods=["GET", "POST", "PUT", "DELETE"]),
            # Outside /api the real one serves its dashboard, whatever is asked.
            Route("/{rest:path}", dashboard, methods=["GET", "POST", "PUT", "DELETE"]),
        ]
    )
    app.state.project = Project(journal)
    return app


def _api(endpoint: Endpoint) -> Endpoint:
    """Wrap a route of the API in what comes before each: faults, key, content type."""

    async def guarded(request: Request) -> Response:
        await request.body()  # whatever follows, the client has finished sending
        fault = _project(request).next_fault()
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
            answer = JSONResponse({"status": False, "message": str(refusal)}, refusal.status)
        if fault is not None and fault.lose_answer:
            server.reset_connection(request)
        return answer

    return guarded


_JSON = {"content-type": "application/json"}


async def fan_out(request: Request) -> Response:
    message = await _body(request)
    _require(
        message,
        owner_id="please provide an owner id",
        event_type="please provide an event type",
        data="please provide your data",
    )
    if _project(request).receive(message):
        return _created("Endpoint fanout event queued successfully", None)
    return _created("Duplicate event received, but will not be sent", None)


async def endpoints(request: Request) -> Response:
    project = _project(request)
    if request.method == "GET":
        owner = request.query_params.get("ownerId")
        found = [e for e in project.endpoints if owner in {None, "", e["owner_id"]}]
        return _ok("Endpoints fetched successfully", _paged(found))
    body = await _body(request, invalid="Invalid request format")
    if not body.get("url") or not body.get("name"):
        raise Refusal(400, "Invalid input provided")
    created = {
        "uid": uid(),
        "project_id": request.path_params["project_id"],
        "owner_id": body.get("owner_id", ""),
        "url": body["url"],
        "name": body["name"],
        "secrets": [{"uid": uid(), "value": body.get("secret") or secrets.token_urlsafe(24)}],
        "advanced_signatures": body.get("advanced_signatures", True),
        "status": "active",
        "created_at": now(),
    }
    project.endpoints.append(created)
    return _created("Endpoint created successfully", created)


async def subscriptions(request: Request) -> Response:
    project = _project(request)
    if request.method == "GET":
        return _ok("Subscriptions fetched successfully", _paged(project.subscriptions))
    body = await _body(request)
    _require(
        body,
        name="please provide a valid subscription name",
        endpoint_id="please provide a valid endpoint id",
    )
    endpoint = next((e for e in project.endpoints if e["uid"] == body["endpoint_id"]), None)
    if endpoint is None:
        raise Refusal(400, "failed to find endpoint by id")
    if any(s["endpoint_metadata"]["uid"] == endpoint["uid"] for s in project.subscriptions):
        raise Refusal(400, "a subscription for this endpoint already exists")
    created = {
        "uid": uid(),
        "name": body["name"],
        "type": "api",
        "endpoint_metadata": endpoint,
        # Without a licence Convoy replaces the filter by this, silently.
        "filter_config": {"event_types": ["*"]},
        "created_at": now(),
    }
    project.subscriptions.append(created)
    return _created("Subscription created successfully", created)


async def event_types(request: Request) -> Response:
    project = _project(request)
    if request.method == "GET":
        return _ok("Event types fetched successfully", project.event_types)
    body = await _body(request)
    _require(body, name="please provide a name for this event type")
    created = {
        "uid": uid(),
        "name": body["name"],
        "category": body.get("category", ""),
        "description": body.get("description", ""),
        "json_schema": body.get("json_schema"),
        "deprecated_at": None,
    }
    project.event_types.append(created)
    return _created("Event type created successfully", created)


async def inbox(request: Request) -> Response:
    """All that was received, oldest first."""
    return _pretty({"events": _project(request).events})


async def set_fault(request: Request) -> Response:
    fault = Fault(**await request.json()) if request.method == "PUT" else None
    _project(request).fault = fault
    return Response(status_code=204)


async def reset(request: Request) -> Response:
    request.app.state.project = Project(_project(request).journal)
    return Response(status_code=204)


async def not_found(_: Request) -> Response:
    return Response("404 page not found\n", 404, media_type="text/plain")


async def dashboard(_: Request) -> Response:
    return Response("<!doctype html><title>Convoy</title>", media_type="text/html")


def _project(request: Request) -> Project:
    project: Project = request.app.state.project
    return project


def _authorize(request: Request) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise Refusal(401, "Authentication required")
    if not hmac.compare_digest(key.encode(), API_KEY.encode()):
        raise Refusal(401, "authorization failed")


async def _body(request: Request, *, invalid: str | None = None) -> Json:
    raw = await request.body()
    if not raw:
        raise Refusal(400, invalid or "body must not be empty")
    try:
        body = json.loads(raw)
    except ValueError as error:
        at = getattr(error, "pos", 0) + 1
        message = f"body contains badly-formed JSON (at character {at})"
        raise Refusal(400, invalid or message) from error
    if not isinstance(body, dict):
        raise Refusal(400, invalid or "body contains incorrect JSON type (at character 1)")
    return body


def _require(body: Json, **messages: str) -> None:
    missing = [f"{name}:{message}" for name, message in messages.items() if not body.get(name)]
    if missing:
        raise Refusal(400, ", ".join(missing))


def _ok(message: str, data: object) -> Response:
    return JSONResponse({"status": True, "message": message, "data": data})


def _created(message: str, data: object) -> Response:
    return JSONResponse({"status": True, "message": message, "data": data}, 201)


def _paged(content: list[Json]) -> Json:
    return {
        "content": content,
        "pagination": {"per_page": 20, "has_next_page": False, "has_prev_page": False},
    }


def _pretty(body: object) -> Response:
    text = json.dumps(body, indent=2, ensure_ascii=False) + "\n"
    return Response(text, media_type="application/json")


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for Convoy.")
    parser.add_argument("--journal", type=Path, help="a file to keep what was received in")
    parser.add_argument("--port", type=int, default=8002)
    options = parser.parse_args()
    server.serve(build(options.journal), options.port)


if __name__ == "__main__":
    main()
