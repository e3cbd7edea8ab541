"""Convoy's routes for events: publish, list, replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.fake_convoy import listings
from infra.fake_convoy.answers import Refusal, body_of, created, ok, raw_field, require
from infra.fake_convoy.ids import uid
from infra.fake_convoy.project import is_deleted, project_of
from infra.fake_convoy.worker import worker_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from infra.fake_convoy.project import JsonObject

_NOT_SHOWN = {"owner_id", "number", "raw"}

_REQUIRED = {
    "event_type": "please provide an event type",
    "data": "please provide your data",
}


async def fan_out(request: Request) -> Response:
    """Queue an event for its owner's present endpoints. The worker stores it."""
    message = await body_of(request)
    require(message, owner_id="please provide an owner id", **_REQUIRED)
    project, key = project_of(request), message.get("idempotency_key") or ""
    endpoints = project.endpoints_of(message["owner_id"])
    await _publish(request, message, endpoints, owner=message["owner_id"])
    if key in project.keys:
        return created("Duplicate event received, but will not be sent", None)
    return created("Endpoint fanout event queued successfully", None)


async def to_endpoint(request: Request) -> Response:
    """Queue an event for one endpoint."""
    message = await body_of(request)
    require(message, **_REQUIRED)
    if not message.get("endpoint_id"):
        raise Refusal(400, "please provide an endpoint ID")
    endpoint = project_of(request).endpoints.get(message["endpoint_id"])
    if endpoint is None or is_deleted(endpoint):
        raise Refusal(400, "endpoint not found")
    await _publish(request, message, [endpoint["uid"]], owner="")
    return created("Event queued successfully", None)


async def _publish(
    request: Request, message: JsonObject, endpoints: list[str], *, owner: str
) -> None:
    headers = message.get("custom_headers") or {}
    if not all(isinstance(value, str) for value in headers.values()):
        raise Refusal(400, 'body contains incorrect JSON type for field "custom_headers"')
    event = {
        "uid": uid(),
        "acknowledged_at": project_of(request).now(),
        "owner_id": owner,
        "event_type": message["event_type"],
        "idempotency_key": message.get("idempotency_key") or "",
        "endpoints": endpoints,
        "headers": {name: [value] for name, value in headers.items()},
        "data": message["data"],
        "raw": raw_field((await request.body()).decode(), "data"),
    }
    project_of(request).accepted.add(event["idempotency_key"])
    worker_of(request).publish(event)


async def listed(request: Request) -> Response:
    found = listings.events_asked_for(project_of(request), request.query_params)
    return listings.page("App events fetched successfully", request, map(_shown, found))


async def one(request: Request) -> Response:
    return ok("Endpoint event fetched successfully", _shown(_event_of(request, status=404)))


async def replay(request: Request) -> Response:
    """Queue the event once more. This changes only a `Pending` event."""
    event = _event_of(request, status=400)
    if not worker_of(request).replay(event):
        raise Refusal(400, "failed to write event to queue")
    return ok("Endpoint event replayed successfully", _shown(event))


async def batch_replay(request: Request) -> Response:
    found = list(listings.events_asked_for(project_of(request), request.query_params))
    queued = sum(worker_of(request).replay(event) for event in found)
    return ok(f"{queued} successful, {len(found) - queued} failed", None)


def _shown(event: JsonObject) -> JsonObject:
    """The event as Convoy shows it: without its owner."""
    return {name: value for name, value in event.items() if name not in _NOT_SHOWN}


def _event_of(request: Request, *, status: int) -> JsonObject:
    event = project_of(request).events.get(request.path_params["uid"])
    if event is None:
        raise Refusal(status, "event not found")
    return event
