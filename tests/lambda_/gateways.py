"""What API Gateway and a load balancer hand to Lambda: real events, made into any request."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support import Json

    Invoke = Callable[[Json], Json]

EVENTS = {
    path.stem: json.loads(path.read_text()) for path in Path(__file__).parent.glob("events/*")
}


def request(
    kind: str, method: str, path: str, body: str | None = None, query: Json | None = None
) -> Json:
    """The event that a request becomes."""
    event: Json = copy.deepcopy(EVENTS[kind])
    event["body"] = body
    if kind == "http_api_v2":
        event["rawPath"] = path
        event["rawQueryString"] = "&".join(f"{k}={v}" for k, v in (query or {}).items())
        event["requestContext"]["http"] |= {"method": method, "path": path}
        if body is None:
            del event["body"]
    else:
        event |= {"httpMethod": method, "path": path, "queryStringParameters": query}
        if kind != "alb":
            event["multiValueQueryStringParameters"] = {k: [v] for k, v in (query or {}).items()}
        else:
            event["queryStringParameters"] = query or {}
    return event


class Context:
    """Lambda's, with half a minute left."""

    aws_request_id = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000
