"""Convoy's routes for subscriptions and their filters by event type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.fake_convoy import listings
from infra.fake_convoy.answers import Refusal, body_of, created, ok, require
from infra.fake_convoy.endpoints import shown_endpoint
from infra.fake_convoy.project import is_deleted, project_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from infra.fake_convoy.project import JsonObject, Project


async def subscriptions(request: Request) -> Response:
    project = project_of(request)
    if request.method == "GET":
        wanted = set(filter(None, request.query_params.getlist("endpointId")))
        found = (
            each | {"endpoint_metadata": _endpoint_of(project, each)}
            for each in project.subscriptions.values()
            if not is_deleted(project.endpoints[each["endpoint_id"]])
            and (not wanted or each["endpoint_id"] in wanted)
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
    return project.subscribe(endpoint["uid"], body["name"])


def _endpoint_of(project: Project, subscription: JsonObject) -> JsonObject:
    """Convoy leaves some of the endpoint's fields empty here."""
    endpoint = shown_endpoint(project.endpoints[subscription["endpoint_id"]], project.clock())
    return endpoint | {"advanced_signatures": False, "description": "", "http_timeout": 0}


async def filters(request: Request) -> Response:
    project, subscription = project_of(request), _subscription_of(request)
    if request.method == "GET":
        newest_first = project.filters_of(subscription["uid"])[::-1]
        return ok("Filters retrieved successfully", newest_first)
    event_type = (await body_of(request)).get("event_type", "")
    if event_type not in {each["name"] for each in project.event_types.values()}:
        raise Refusal(404, "event type does not exist")
    if any(each["event_type"] == event_type for each in project.filters_of(subscription["uid"])):
        raise Refusal(400, "filter with this event type already exists")
    made = project.add_filter(subscription["uid"], event_type)
    return created("Filter created successfully", made)


async def delete_filter(request: Request) -> Response:
    project, subscription = project_of(request), _subscription_of(request)
    uids = [each["uid"] for each in project.filters_of(subscription["uid"])]
    uid = request.path_params["filter_uid"]
    if uid not in uids:
        raise Refusal(404, "filter not found")
    project.put("filters", {"uid": uid, "deleted_at": project.now()})
    return ok("Filter deleted successfully", None)


def _subscription_of(request: Request) -> JsonObject:
    project = project_of(request)
    found = project.subscriptions.get(request.path_params["uid"])
    if found is None or is_deleted(project.endpoints[found["endpoint_id"]]):
        raise Refusal(404, "subscription not found")
    return found
