"""What the routes share: parameters of requests, headers and statuses of answers."""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Path, Query, Request
from pydantic import BeforeValidator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from app.domain.resource import MAX_ID
from app.domain.service import Committed
from app.http.preconditions import CONDITIONS
from app.http.problems import MEDIA_TYPE, BadInput, title
from app.http.schemas import Done

MAX_PAGE = 1000
DEFAULT_PAGE = 100

OwnerOf = Callable[[Request], str]
"""Returns the owner of a request."""

Run = Callable[..., Awaitable[Any]]
"""Makes a call that blocks."""

Responses = dict[int | str, dict[str, Any]]

_PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def problems(*statuses: int) -> Responses:
    """By reference: FastAPI would build a validator for each of these, at each cold start."""
    return {status: {"description": title(status), "content": _PROBLEM} for status in statuses}


NOT_FOUND: Responses = {404: {"model": Done, "description": "Not Found"}}


def _canonical(value: object) -> object:
    # pydantic would also take " 1", "+1", "1_0" and "1.0".
    if isinstance(value, str) and re.fullmatch("0|[1-9][0-9]{0,15}", value) is None:
        raise PydanticCustomError("digits", "must be a whole number, only digits")
    return value


PathId = Annotated[int, Path(alias="id", ge=0, le=MAX_ID), BeforeValidator(_canonical)]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE), BeforeValidator(_canonical)]
Cursor = Annotated[str | SkipJsonSchema[None], Query(description="The `next` of the page before.")]
_KEY_PATTERN = "^[!-~]{1,255}$"
_KEY_DESCRIPTION = (
    "A key of your choice, 1 to 255 visible ASCII characters. If the same request comes again under"
    " it within 24 hours, it is not done again: it gets the first answer."
)

KEY_AND_CONDITIONS = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": {
                "type": "string",
                "description": _KEY_DESCRIPTION,
                "pattern": _KEY_PATTERN,
                "title": "Idempotency-Key",
            },
            "description": _KEY_DESCRIPTION,
        },
        *CONDITIONS["parameters"],
    ]
}
"""The headers of a change, for the document. Its route reads them: see `preconditions`."""


def webhook(done: Committed) -> dict[str, str]:
    """Headers with the id and the state of a change's event."""
    status = "accepted" if done.accepted else "pending"
    replayed = {"Idempotency-Replayed": "true"} if done.replayed else {}
    return {"Webhook-Id": done.event_id, "Webhook-Status": status, **replayed}


def location(request: Request, path: str) -> str:
    """The path as the client reaches it. A gateway's prefix may have what the client sent."""
    return quote(request.scope.get("root_path", ""), safe="/~!$&'()*+,;=:@") + path


def key_of(request: Request) -> str | None:
    """The request's Idempotency-Key. Raises BadInput.

    A header that came twice is one key. A gateway joins the two with a comma.
    """
    values = request.headers.getlist("idempotency-key")
    if not values:
        return None
    joined = ",".join(values)
    keys = {each.strip(" ") for each in joined.split(",")}
    key = keys.pop() if len(keys) == 1 else joined
    if re.fullmatch(_KEY_PATTERN, key) is None:
        raise BadInput("header", "Idempotency-Key", "must be 1 to 255 visible ASCII characters")
    return key
