"""Convoy's routes to set a project up: endpoints, subscriptions, event types."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from infra.fake_convoy import listings
from infra.fake_convoy.answers import Refusal, body_of, created, ok, require
from infra.fake_convoy.ids import uid
from infra.fake_convoy.project import DELETED, is_deleted, project_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from infra.fake_convoy.project import JsonObject, Project


PROJECT_ID = "local"
PROJECT: JsonObject = {
    "uid": PROJECT_ID,
    "name": "The stand-in's",
    "type": "outgoing",
    "config": {
        "signature": {
            "header": "X-Convoy-Signature",
            "versions": [{"hash": "SHA256", "encoding": "hex"}],
        },
    },
}

_NOT_UNIQUE = (
    "ERROR: duplicate key value violates unique constraint"
    ' "idx_event_types_name_project_id" (SQLSTATE 23505)'
)


_STATUS = "current endpoint status - {}, does not support {}"


async def project(_: Request) -> Response:
    return ok("Project fetched successfully", PROJECT)


async def endpoints(request: Request) -> Response:
    project = project_of(request)
    if request.method == "GET":
        owner = listings.first(request.query_params, "ownerId")
        found = (
            each
            for each in project.endpoints.values()
            if owner in {"", each.get("owner_id", "")} and not is_deleted(each)
        )
        return listings.page("Endpoints fetched successfully", request, found)
    body = await body_of(request, invalid="Invalid request format")
    if not body.get("url") or not body.get("name"):
        raise Refusal(400, "Invalid input provided")
    secret = {"uid": uid(), "value": body.get("secret") or secrets.token_urlsafe(24)}
    made = {
        "uid": uid(),
        "project_id": PROJECT_ID,
        **({"owner_id": body["owner_id"]} if body.get("owner_id") else {}),
        "url": body["url"],
        "name": body["name"],
        "secrets": [secret],
        "advanced_signatures": body.get("advanced_signatures", True),
        "status": body.get("status", "active"),  # for tests: Convoy sets it by other routes
        "created_at": project.now(),
    }
    return created("Endpoint created successfully", project.put("endpoints", made))


async def endpoint(request: Request) -> Response:
    if request.method == "DELETE":
        found = _endpoint_of(request, 400, "failed to find endpoint")
        # Convoy still lists the endpoint's deliveries, with its name and URL.
        project_of(request).put("endpoints", {"uid": found["uid"], "status": DELETED})
        return ok("Endpoint deleted successfully", None)
    found = _endpoint_of(request, 404, "Resource not found")
    return ok("Endpoint fetched successfully", found)


async def pause(request: Request) -> Response:
    """Pause an active endpoint, and activate a paused one, as Convoy does."""
    found = _endpoint_of(request, 400, "failed to find endpoint")
    other = {"active": "paused", "paused": "active"}.get(found["status"])
    if other is None:
        raise Refusal(400, _STATUS.format(found["status"], "pausing or unpausing"))
    changed = {"uid": found["uid"], "status": other}
    found = project_of(request).put("endpoints", changed)
    return ok("endpoint status updated successfully", found, 202)


async def activate(request: Request) -> Response:
    found = _endpoint_of(request, 400, "failed to find endpoint")
    if found["status"] not in {"inactive", "paused"}:
        raise Refusal(400, _STATUS.format(found["status"], "activation"))
    changed = {"uid": found["uid"], "status": "active"}
    found = project_of(request).put("endpoints", changed)
    return ok("endpoint status successfully activated", found, 202)


def _endpoint_of(request: Request, status: int, otherwise: str) -> JsonObject:
    found = project_of(request).endpoints.get(request.path_params["uid"])
    if found is None or is_deleted(found):
        raise Refusal(status, otherwise)
    return found


async def subscriptions(request: Request) -> Response:
    project = project_of(request)
    if request.method == "GET":
        wanted = set(filter(None, request.query_params.getlist("endpointId")))
        found = (
            each | {"endpoint_metadata": project.endpoints[each["endpoint_id"]]}
            for each in project.subscriptions.values()
            if not wanted or each["endpoint_id"] in wanted
        )
        return listings.page("Subscriptions fetched successfully", request, found)
    made = _subscribe(project, await body_of(request))
    # Convoy shows the endpoint only in the list.
    return created("Subscription created successfully", made | {"endpoint_metadata": None})


def _subscribe(project: Project, body: JsonObject) -> JsonObject:
    require(
        body,
        name="please provide a valid subscription name",
        endpoint_id="please provide a valid endpoint id",
    )
    endpoint = project.endpoints.get(body["endpoint_id"])
    if endpoint is None or is_deleted(endpoint):
        raise Refusal(400, "failed to find endpoint by id")
    if project.subscription_of(endpoint["uid"]) is not None:
        raise Refusal(400, "a subscription for this endpoint already exists")
    made = {
        "uid": uid(),
        "name": body["name"],
        "type": "api",
        "endpoint_id": endpoint["uid"],
        # Without a licence Convoy silently replaces the filter by this one.
        "filter_config": {"event_types": ["*"]},
        "created_at": project.now(),
    }
    return project.put("subscriptions", made)


async def event_types(request: Request) -> Response:
    project = project_of(request)
    if request.method == "GET":
        newest_first = list(reversed(project.event_types.values()))
        return ok("Event types fetched successfully", newest_first)
    body = await body_of(request)
    require(body, name="please provide a name for this event type")
    if any(each["name"] == body["name"] for each in project.event_types.values()):
        raise Refusal(400, _NOT_UNIQUE)
    made = {
        "uid": uid(),
        "name": body["name"],
        "category": body.get("category", ""),
        "description": body.get("description", ""),
        "json_schema": body.get("json_schema"),
        "deprecated_at": None,
    }
    return created("Event type created successfully", project.put("event_types", made))


async def event_type(request: Request) -> Response:
    """Change an event type."""
    project = project_of(request)
    found = project.event_types.get(request.path_params["uid"])
    if found is None:
        raise Refusal(400, "event type not found")
    body = await body_of(request)
    names = ("category", "description", "json_schema")
    changed = {name: body.get(name) or found[name] for name in names}
    found = project.put("event_types", {"uid": found["uid"], **changed})
    return ok("Event type created successfully", found, 202)  # Convoy's own words
