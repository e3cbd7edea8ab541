"""What is kept in Convoy's project: endpoints, subscriptions, event types, events, deliveries."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from infra.fake_convoy.answers import Refusal, body_of, created, ok, paged, require
from infra.fake_convoy.deliveries import FAILURE, SUCCESS
from infra.fake_convoy.project import now, project_of, uid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request
    from starlette.responses import Response

    from infra.fake_convoy.project import Json, Project


PROJECT_ID = "local"
PROJECT: Json = {
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


async def project(_: Request) -> Response:
    return ok("Project fetched successfully", PROJECT)


async def endpoints(request: Request) -> Response:
    project = project_of(request)
    if request.method == "GET":
        owner = request.query_params.get("ownerId")
        newest_first = reversed(project.endpoints.values())
        found = (e for e in newest_first if _fits(owner, e.get("owner_id", "")))
        return _page("Endpoints fetched successfully", request, found)
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
        "status": body.get("status", "active"),  # Convoy's own has another route for it
        "created_at": now(),
    }
    project.endpoints[made["uid"]] = made
    return created("Endpoint created successfully", made)


async def subscriptions(request: Request) -> Response:
    project = project_of(request)
    if request.method == "GET":
        wanted = set(request.query_params.getlist("endpointId"))
        found = (
            each
            for each in reversed(project.subscriptions)
            if not wanted or each["endpoint_metadata"]["uid"] in wanted
        )
        return _page("Subscriptions fetched successfully", request, found)
    made = _subscribed(project, await body_of(request))
    # Only a listed one tells its endpoint.
    return created("Subscription created successfully", made | {"endpoint_metadata": None})


def _subscribed(project: Project, body: Json) -> Json:
    require(
        body,
        name="please provide a valid subscription name",
        endpoint_id="please provide a valid endpoint id",
    )
    endpoint = project.endpoints.get(body["endpoint_id"])
    if endpoint is None:
        raise Refusal(400, "failed to find endpoint by id")
    if any(s["endpoint_metadata"]["uid"] == endpoint["uid"] for s in project.subscriptions):
        raise Refusal(400, "a subscription for this endpoint already exists")
    made = {
        "uid": uid(),
        "name": body["name"],
        "type": "api",
        "endpoint_metadata": endpoint,
        # Without a licence Convoy replaces the filter by this, silently.
        "filter_config": {"event_types": ["*"]},
        "created_at": now(),
    }
    project.subscriptions.append(made)
    return made


async def event_types(request: Request) -> Response:
    project = project_of(request)
    if request.method == "GET":
        return ok("Event types fetched successfully", project.event_types[::-1])
    body = await body_of(request)
    require(body, name="please provide a name for this event type")
    if any(each["name"] == body["name"] for each in project.event_types):
        raise Refusal(400, _NOT_UNIQUE)
    made = {
        "uid": uid(),
        "name": body["name"],
        "category": body.get("category", ""),
        "description": body.get("description", ""),
        "json_schema": body.get("json_schema"),
        "deprecated_at": None,
    }
    project.event_types.append(made)
    return created("Event type created successfully", made)


async def event_type(request: Request) -> Response:
    """Change one."""
    found = _one(project_of(request).event_types, request, "event type not found", 400)
    body = await body_of(request)
    for name in ("category", "description", "json_schema"):
        found[name] = body.get(name) or found[name]
    return ok("Event type created successfully", found, 202)  # Convoy's own words


_NOT_TOLD = {"owner_id", "number", "raw"}


async def events(request: Request) -> Response:
    """Without the owner: Convoy does not tell it either."""
    asked = request.query_params
    found = (
        {name: value for name, value in event.items() if name not in _NOT_TOLD}
        for event in reversed(project_of(request).events.values())
        if _fits(asked.get("idempotencyKey"), event["idempotency_key"])
    )
    return _page("App events fetched successfully", request, found)


async def deliveries(request: Request) -> Response:
    """Convoy reads `eventType`; `event_type`, which its document and its SDK have, does nothing."""
    asked = request.query_params
    key = asked.get("idempotencyKey")
    if key and not any(e["idempotency_key"] == key for e in project_of(request).events.values()):
        raise Refusal(400, "event not found")
    statuses = set(asked.getlist("status"))
    found = (
        delivery
        for delivery in reversed(project_of(request).deliveries.values())
        if (not statuses or delivery["status"] in statuses)
        and _fits(asked.get("eventId"), delivery["event_id"])
        and _fits(asked.get("endpointId"), delivery["endpoint_id"])
        and _fits(asked.get("eventType"), delivery["event_type"])
        and _fits(key, delivery["idempotency_key"])
    )
    return _page("Event deliveries fetched successfully", request, found)


async def delivery(request: Request) -> Response:
    return ok("Event Delivery fetched successfully", delivery_of(request))


async def attempts(request: Request) -> Response:
    found = project_of(request).attempts_of[delivery_of(request, status=400)["uid"]]
    return ok("Event delivery attempts fetched successfully", found)


async def resend(request: Request) -> Response:
    """One that failed. For what arrived there is /forceresend."""
    found = delivery_of(request, status=400)
    if found["status"] == SUCCESS:
        raise Refusal(400, "event already sent")
    if found["status"] != FAILURE:
        raise Refusal(400, "cannot resend event that did not fail previously")
    request.app.state.courier.send(found)
    return ok("App event processed for retry successfully", found)


async def force_resend(request: Request) -> Response:
    """Those that arrived: all, or none if one did not. What is not there is passed over."""
    body = await body_of(request, invalid="Request is invalid")
    known = project_of(request).deliveries
    found = [known[each] for each in body.get("ids") or [] if each in known]
    if any(each["status"] != SUCCESS for each in found):
        raise Refusal(400, "only successful events can be force resent")
    for each in found:
        request.app.state.courier.send(each)
    return ok(f"{len(found)} successful, 0 failed", None)


def delivery_of(request: Request, *, status: int = 404) -> Json:
    deliveries = project_of(request).deliveries
    return _one(deliveries.values(), request, "event delivery not found", status)


def _one(resources: Iterable[Json], request: Request, otherwise: str, status: int) -> Json:
    wanted = request.path_params["uid"]
    found = next((each for each in resources if each["uid"] == wanted), None)
    if found is None:
        raise Refusal(status, otherwise)
    return found


def _fits(asked: str | None, value: str) -> bool:
    return asked in {None, "", value}


def _page(message: str, request: Request, found: Iterable[Json]) -> Response:
    asked = request.query_params
    per_page = int(wanted) if (wanted := asked.get("perPage", "")).isdigit() else 20
    return ok(message, paged(list(found), per_page, asked.get("next_page_cursor", "")))
