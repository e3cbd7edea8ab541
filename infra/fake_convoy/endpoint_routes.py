"""Convoy's routes for endpoints. Unlike Convoy, the stand-in does not ping an https URL."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from infra.fake_convoy import listings
from infra.fake_convoy.answers import Refusal, body_of, created, ok, require
from infra.fake_convoy.endpoints import changed_by, new_endpoint, new_secret, shown_endpoint
from infra.fake_convoy.project import is_deleted, project_of, shown

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from infra.fake_convoy.project import JsonObject

_STATUS = "current endpoint status - {}, does not support {}"


async def endpoints(request: Request) -> Response:
    project = project_of(request)
    if request.method == "GET":
        owner = listings.first(request.query_params, "ownerId")
        found = (
            shown_endpoint(each, project.clock())
            for each in project.endpoints.values()
            if owner in {"", each["owner_id"]} and not is_deleted(each)
        )
        return listings.page("Endpoints fetched successfully", request, found)
    body = await body_of(request, invalid="Invalid request format")
    if not body.get("url") or not body.get("name"):
        raise Refusal(400, "Invalid input provided")
    _check_scheme(body["url"])
    made = project.put("endpoints", new_endpoint(body, project.now()))
    return created("Endpoint created successfully", shown_endpoint(made, project.clock()))


async def endpoint(request: Request) -> Response:
    match request.method:
        case "DELETE":
            found = _endpoint_of(request, 400, "endpoint not found")
            # Convoy still lists the endpoint's deliveries, with its name and URL.
            _change(request, found, deleted_at=project_of(request).now())
            return ok("Endpoint deleted successfully", None)
        case "PUT":
            return await _update(request)
    found = _endpoint_of(request, 404, "Resource not found")
    return ok("Endpoint fetched successfully", _shown(request, found))


async def _update(request: Request) -> Response:
    body = await body_of(request, invalid="unexpected end of JSON input")
    found = _endpoint_of(request, 400, "endpoint not found")
    require(
        body,
        url="please provide a url for your endpoint",
        name="please provide your endpointName",
    )
    _check_scheme(body["url"])
    found = _change(request, found, **changed_by(body, found))
    return ok("Endpoint updated successfully", _shown(request, found), 202)


async def pause(request: Request) -> Response:
    """Pause an active endpoint, and activate a paused one, as Convoy does."""
    found = _endpoint_of(request, 400, "failed to find endpoint")
    other = {"active": "paused", "paused": "active"}.get(found["status"])
    if other is None:
        raise Refusal(400, _STATUS.format(found["status"], "pausing or unpausing"))
    found = _change(request, found, status=other)
    return ok("endpoint status updated successfully", _shown(request, found), 202)


async def activate(request: Request) -> Response:
    found = _endpoint_of(request, 400, "failed to find endpoint")
    if found["status"] not in {"inactive", "paused"}:
        raise Refusal(400, _STATUS.format(found["status"], "activation"))
    found = _change(request, found, status="active")
    return ok("endpoint status successfully activated", _shown(request, found), 202)


async def expire_secret(request: Request) -> Response:
    """Add a secret. The last one has `expires_at` in seconds, and signs for as many hours."""
    body = await body_of(request)
    found = _endpoint_of(request, 400, "endpoint not found")
    amount = body.get("expiration", 0)
    if not isinstance(amount, int):
        raise Refusal(400, 'body contains incorrect JSON type for field "expiration"')
    now = project_of(request).clock()
    *older, last = found["secrets"]
    expiring = last | {
        "expires_at": shown(now + timedelta(seconds=amount)),
        "signs_until": shown(now + timedelta(hours=amount)),
    }
    secrets = [*older, expiring, new_secret(body, shown(now))]
    found = _change(request, found, secrets=secrets)
    return ok("endpoint secret expired successfully", _shown(request, found))


def _check_scheme(url: str) -> None:
    if urlsplit(url).scheme not in {"http", "https"}:
        raise Refusal(400, "invalid endpoint scheme")


def _change(request: Request, found: JsonObject, **about: object) -> JsonObject:
    project = project_of(request)
    changed = {"uid": found["uid"], "updated_at": project.now(), **about}
    return project.put("endpoints", changed)


def _shown(request: Request, found: JsonObject) -> JsonObject:
    return shown_endpoint(found, project_of(request).clock())


def _endpoint_of(request: Request, status: int, otherwise: str) -> JsonObject:
    found = project_of(request).endpoints.get(request.path_params["uid"])
    if found is None or is_deleted(found):
        raise Refusal(status, otherwise)
    return found
