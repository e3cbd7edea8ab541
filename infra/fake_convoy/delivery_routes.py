"""Convoy's routes for deliveries: list them, and send them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.fake_convoy import listings
from infra.fake_convoy.answers import Refusal, body_of, ok
from infra.fake_convoy.deliveries import ENDED, SUCCESS, shown_delivery
from infra.fake_convoy.project import is_active, is_deleted, project_of
from infra.fake_convoy.worker import worker_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from infra.fake_convoy.project import JsonObject


async def listed(request: Request) -> Response:
    project = project_of(request)
    chosen = listings.deliveries_asked_for(project, request.query_params)
    if not project.keys.issuperset(chosen["idempotency_key"]):
        raise Refusal(400, "event not found")
    found = listings.deliveries_matching(project, chosen)
    described = (shown_delivery(project, each) for each in found)
    return listings.page("Event deliveries fetched successfully", request, described)


async def one(request: Request) -> Response:
    described = shown_delivery(project_of(request), delivery_of(request))
    return ok("Event Delivery fetched successfully", described)


async def attempts(request: Request) -> Response:
    found = project_of(request).attempts_of[delivery_of(request, status=400)["uid"]]
    return ok("Event delivery attempts fetched successfully", found)


async def resend(request: Request) -> Response:
    """Send a failed or discarded delivery again. /forceresend is for those that arrived."""
    found, project = delivery_of(request, status=400), project_of(request)
    if found["status"] == SUCCESS:
        raise Refusal(400, "event already sent")
    if found["status"] not in ENDED:
        raise Refusal(400, "cannot resend event that did not fail previously")
    endpoint = project.endpoints[found["endpoint_id"]]
    if is_deleted(endpoint):
        raise Refusal(400, "endpoint not found")
    if endpoint["status"] != "active":
        raise Refusal(400, f"the endpoint is currently {endpoint['status']}")
    worker_of(request).send(found)
    return ok("App event processed for retry successfully", shown_delivery(project, found))


async def force_resend(request: Request) -> Response:
    """Send deliveries again that arrived; refuse all if one did not. Ignore unknown ids."""
    body = await body_of(request, invalid="Request is invalid")
    project = project_of(request)
    found = [
        project.deliveries[each] for each in body.get("ids") or [] if each in project.deliveries
    ]
    if any(each["status"] != SUCCESS for each in found):
        raise Refusal(400, "only successful events can be force resent")
    active = [each for each in found if is_active(project.endpoints[each["endpoint_id"]])]
    for each in active:
        worker_of(request).send(each)
    return ok(f"{len(active)} successful, {len(found) - len(active)} failed", None)


async def batch_retry(request: Request) -> Response:
    """Send all deliveries that match, in any status, except those that arrived."""
    chosen = listings.deliveries_asked_for(project_of(request), request.query_params)
    if not worker_of(request).retry_in_bulk(chosen):
        raise Refusal(400, "an active batch retry already exists")
    return ok("Batch retry processing", None)


def delivery_of(request: Request, *, status: int = 404) -> JsonObject:
    found = project_of(request).deliveries.get(request.path_params["uid"])
    if found is None:
        raise Refusal(status, "event delivery not found")
    return found
