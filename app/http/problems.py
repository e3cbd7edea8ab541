"""The answer of each error, in one place: RFC 9457 problem details that name the field."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Match, Route

from app.domain.idempotency import KeyReused
from app.domain.ports import StoreError, StoreUnavailable, UnreadableEvent
from app.domain.resource import NotFound, ResourceError, TooLarge, VersionMismatch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from fastapi import FastAPI, Request

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

MAX_FAULTS = 20
MAX_FIELD_LENGTH = 100
"""Limits, so that an answer is not longer than its request."""

RETRY_AFTER_S = 1
"""Seconds. Throttling and contention of DynamoDB end within its burst window of a second."""

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

OPEN = (
    "The change may or may not have been made: send it again under the same Idempotency-Key; if it"
    " had none, read first."
)

_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}
"""RFC 9110's phrases. Python has them from 3.13 on."""

_STATUS = {NotFound: 404, VersionMismatch: 412, TooLarge: 413, ResourceError: 409}
"""The status of an error is that of its nearest base class here."""


class BadInput(Exception):
    """A parameter is wrong in a way that its schema does not describe."""

    def __init__(self, location: str, field: str, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault(location, field, detail)


DATA_ONLY = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""Headers of each answer: no cache may keep it, and no browser may run it as a page or a script."""

_DATA_ONLY = [(name.lower().encode(), value.encode()) for name, value in DATA_ONLY.items()]


class Answer(JSONResponse):
    """An answer with the headers DATA_ONLY, beside its own."""

    def render(self, content: object) -> bytes:
        return to_json(content)

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        super().init_headers(headers)
        self.raw_headers += _DATA_ONLY


def fault(location: str, field: str, detail: str) -> dict[str, str]:
    return {"in": location, "field": field, "detail": detail}


def problem(
    status: int,
    detail: str,
    *,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Answer:
    body: dict[str, object] = {
        "type": "about:blank",
        "title": title(status),
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = errors
    return Answer(body, status, headers=headers, media_type=MEDIA_TYPE)


def title(status: int) -> str:
    return _TITLES.get(status) or HTTPStatus(status).phrase


def install(app: FastAPI) -> None:
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(BadInput, _bad_input)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ResourceError, _refused)
    app.add_exception_handler(KeyReused, _key_reused)
    app.add_exception_handler(StoreUnavailable, _unavailable)
    app.add_exception_handler(UnreadableEvent, _unreadable)
    app.add_exception_handler(StoreError, _unexpected)
    app.add_exception_handler(Exception, _unexpected)


async def _invalid(request: Request, error: Exception) -> Answer:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    faults = [_fault_of(found) for found in error.errors()[:MAX_FAULTS]]
    kinds = {found["type"] for found in error.errors()}
    if "json_invalid" in kinds:
        return _encoded(request) or problem(400, "The body is not valid JSON.", errors=faults)
    if "model_attributes_type" in kinds and not _is_json(request):
        return problem(415, "Content-Type must be application/json.", errors=[_CONTENT_TYPE])
    fields = ", ".join(dict.fromkeys(found["field"] for found in faults))
    return problem(422, f"The request is not valid: see {fields}.", errors=faults)


_CONTENT_TYPE = fault("header", "Content-Type", "must be application/json")


def _is_json(request: Request) -> bool:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def _encoded(request: Request) -> Answer | None:
    """The answer to a body that can't be read and is compressed (RFC 9110, 12.5.3)."""
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding in {"", "identity"}:
        return None
    detail = "must be left out: send the body uncompressed"
    return problem(
        415,
        f"Content-Encoding {detail}.",
        errors=[fault("header", "Content-Encoding", detail)],
        headers={"Accept-Encoding": "identity"},
    )


def _fault_of(found: Mapping[str, Any]) -> dict[str, str]:
    location, *path = found["loc"]
    if found["type"] == "json_invalid":
        return fault("body", "body", f"{found['ctx']['error']} at character {path[0]}")
    if location == "body" and not path and found["type"] == "missing":
        return fault("body", "body", "is missing: send a JSON object, such as {}")
    field = ".".join(str(part) for part in path) or location
    # pydantic puts these words before the text of a field's own test.
    return fault(location, field[:MAX_FIELD_LENGTH], found["msg"].removeprefix("Value error, "))


async def _bad_input(_: Request, error: Exception) -> Answer:
    assert isinstance(error, BadInput)  # noqa: S101
    return problem(400, f"{error.fault['field']}: {error}", errors=[error.fault])


async def _http(request: Request, error: Exception) -> Answer:
    assert isinstance(error, HTTPException)  # noqa: S101
    status, headers, errors = error.status_code, dict(error.headers or {}), []
    if status >= 500:
        return _failed(request, status, error.detail, headers=headers)
    if status == 405:
        headers["Allow"] = ", ".join(sorted(_methods(request)))
    if status == 400:
        if (encoded := _encoded(request)) is not None:
            return encoded
        errors = [
            fault("body", "body", "could not be read: not UTF-8, too deep, or a number too long")
        ]
    return problem(status, _DETAILS.get(status, error.detail), errors=errors, headers=headers)


def _methods(request: Request) -> set[str]:
    """The methods of all routes of the path. Starlette names only the first route's."""
    matching = (
        route
        for route in request.app.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
    )
    methods = {method for route in matching for method in route.methods or ()}
    return methods | ({"HEAD"} if "GET" in methods else set())


_DETAILS = {
    400: "The body could not be read.",
    404: "There is nothing at this path.",
    405: "This path does not take this method: see Allow.",
}


async def _refused(request: Request, error: Exception) -> Answer:
    if isinstance(error, NotFound) and request.method != "GET":
        # This answer is the tutorial's: it came before problem details.
        return Answer({"data": str(error)}, 404)
    status = next(_STATUS[each] for each in type(error).__mro__ if each in _STATUS)
    return problem(status, str(error))


async def _key_reused(_: Request, __: Exception) -> Answer:
    key = fault("header", "Idempotency-Key", "was used for another request: use a new key")
    return problem(
        422, "This Idempotency-Key came with another request before: use a new key.", errors=[key]
    )


async def _unavailable(request: Request, error: Exception) -> Answer:
    log.warning("store unavailable: %s", error)
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    return _failed(request, 503, "The store is busy: try again.", headers=headers)


async def _unreadable(request: Request, error: Exception) -> Answer:
    assert isinstance(error, UnreadableEvent)  # noqa: S101
    log.error("%s", error)
    detail = f"Event {error.event_id} can't be read. It has been logged. after={error.event_id}"
    return _failed(request, 500, f"{detail} lists the events after it.")


async def _unexpected(request: Request, error: Exception) -> Answer:
    log.error("unexpected %s", type(error).__name__, exc_info=error)
    return _failed(request, 500, "Something failed on our side. It has been logged.")


def _failed(
    request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None
) -> Answer:
    """The failure may have come after the commit: the answer to a change says so."""
    if request.method not in SAFE_METHODS:
        detail = f"{detail} {OPEN}"
    return problem(status, detail, headers=headers)
