"""Convoy's routes for the project itself and for its event types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.fake_convoy.answers import Refusal, body_of, created, ok, require
from infra.fake_convoy.ids import uid
from infra.fake_convoy.project import PROJECT_ID, project_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from infra.fake_convoy.project import JsonObject

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


async def project(_: Request) -> Response:
    return ok("Project fetched successfully", PROJECT)


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
