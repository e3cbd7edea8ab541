"""The events that API Gateway and a load balancer pass to Lambda, for any request."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING

from app.resources.todo import TODO, Todo

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support import JsonObject

    Invoke = Callable[[JsonObject], JsonObject]

EVENTS = {
    path.stem: json.loads(path.read_text()) for path in Path(__file__).parent.glob("events/*")
}

CONTRACT: list[tuple[tuple[str, str, str | None, JsonObject | None], tuple[int, JsonObject]]] = [
    (("GET", "/", None, None), (200, {"message": "Wilkomen!"})),
    (("POST", "/todo", '{"id": 1, "item": "ä"}', None), (201, {"data": ["Todo added."]})),
    (
        ("GET", "/todo/1", None, None),
        (200, {"data": TODO.public(Todo("", 1, "ä"))}),
    ),
    (
        ("PUT", "/todo/1", '{"item": "ö"}', None),
        (200, {"data": "Todo with id 1 has been updated."}),
    ),
    (
        ("GET", "/todo", None, {"limit": "5"}),
        (200, {"data": [TODO.public(Todo("", 1, "ö", version=2))]}),
    ),
    (("DELETE", "/todo/1", None, None), (200, {"data": "Todo with id 1 has been removed."})),
    (("DELETE", "/todo/1", None, None), (404, {"data": "Todo with id 1 not found."})),
]
"""Each call of the contract, in a sensible order, and its answer."""

CONTRACT_EVENTS = ["ping", "created", "retrieved", "updated", "retrieved", "deleted", "failed"]
"""The types of the events that Convoy gets for these calls."""


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
