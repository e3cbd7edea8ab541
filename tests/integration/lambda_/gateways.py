"""The events that API Gateway and a load balancer pass to Lambda, for any request."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.domain.events import title
from tests.todo import TODO

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.domain.events import ResourceEvents
    from app.domain.resource import ResourceType
    from tests.support import JsonObject

    Invoke = Callable[[JsonObject], JsonObject]

EVENTS = {
    path.stem: json.loads(path.read_text()) for path in Path(__file__).parent.glob("events/*")
}

Request = tuple[str, str, str | None, dict[str, str] | None]
"""Method, path, body and query."""


def contract(
    resource: ResourceType[Any], new: JsonObject, changed: JsonObject
) -> list[tuple[Request, tuple[int, JsonObject]]]:
    """Each call of the contract, in a sensible order, and its answer. `new` has each field."""
    path, name = f"/{resource.name}", title(resource.name)
    one, its = f"{path}/1", f"{name} with id 1"
    created = {"id": 1, **new, "version": 1}
    updated = created | changed | {"version": 2}
    return [
        (("GET", "/", None, None), (200, {"message": "Wilkomen!"})),
        (("POST", path, _text({"id": 1} | new), None), (201, {"data": [f"{name} added."]})),
        (("GET", one, None, None), (200, {"data": created})),
        (("PUT", one, _text(changed), None), (200, {"data": f"{its} has been updated."})),
        (("GET", path, None, {"limit": "5"}), (200, {"data": [updated]})),
        (("DELETE", one, None, None), (200, {"data": f"{its} has been removed."})),
        (("DELETE", one, None, None), (404, {"data": f"{its} not found."})),
    ]


def contract_events(of: ResourceEvents) -> list[str]:
    """The types of the events that Convoy gets for these calls."""
    events = (of.created, of.retrieved, of.updated, of.retrieved, of.deleted, of.failed)
    return ["ping", *(each.name for each in events)]


def _text(body: JsonObject) -> str:
    return json.dumps(body, ensure_ascii=False)


CONTRACT = contract(TODO, {"item": "ä", "completed": False}, {"item": "ö"})
CONTRACT_EVENTS = contract_events(TODO.events)


def request(
    kind: str, method: str, path: str, body: str | None = None, query: JsonObject | None = None
) -> JsonObject:
    """The event that a gateway makes of a request."""
    event: JsonObject = copy.deepcopy(EVENTS[kind])
    event["body"] = body
    if event.get("version") == "2.0":
        event["rawPath"] = path
        event["rawQueryString"] = "&".join(f"{k}={v}" for k, v in (query or {}).items())
        event["requestContext"]["http"] |= {"method": method, "path": path}
        if body is None:
            del event["body"]
        return event
    event |= {"httpMethod": method, "path": path}
    if kind == "rest_api":
        proxy = path.strip("/")
        event["resource"] = "/{proxy+}" if proxy else "/"
        event["pathParameters"] = {"proxy": proxy} if proxy else None
        event["requestContext"] |= {"resourcePath": event["resource"], "path": f"/dev{path}"}
    if "queryStringParameters" in event:
        event["queryStringParameters"] = query or ({} if kind == "alb" else None)
    if "multiValueQueryStringParameters" in event:
        event["multiValueQueryStringParameters"] = {k: [v] for k, v in (query or {}).items()}
    return event


class Context:
    """Lambda's context, with 30 s left."""

    aws_request_id = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def invocation(function: Callable[[JsonObject, Context], JsonObject]) -> Invoke:
    """Invokes an entry point as a gateway does. The names of headers are in small letters."""

    def invoke(event: JsonObject) -> JsonObject:
        answer = function(event, Context())
        if "multiValueHeaders" in event and "headers" not in event:
            # A load balancer that passes lists of values takes only lists.
            assert "headers" not in answer
            answer["headers"] = {k: ",".join(v) for k, v in answer["multiValueHeaders"].items()}
        answer["headers"] = {name.lower(): value for name, value in answer["headers"].items()}
        assert answer["isBase64Encoded"] is False
        return answer

    return invoke
