"""Errors → answers, in one place: RFC 9457 problem details that name the field."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from app.service import StoreError, StoreUnavailable
from app.todos import TodoError, TodoExists, TodoNotFound, VersionMismatch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from fastapi import FastAPI, Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

MAX_BODY_BYTES = 64 * 1024
"""Room for the longest item, escaped; DynamoDB takes 400 KB an item."""

RETRY_AFTER_S = 1
"""Seconds. Throttling and contention of DynamoDB pass within its burst window of a second."""

_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}
"""RFC 9110's phrases, which Python has from 3.13 on."""

_STATUS = {TodoNotFound: 404, TodoExists: 409, VersionMismatch: 412}


class BadInput(Exception):
    """A parameter that no schema can describe is wrong."""

    def __init__(self, location: str, field: str, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault(location, field, detail)


def fault(location: str, field: str, detail: str) -> dict[str, str]:
    return {"in": location, "field": field, "detail": detail}


def problem(
    status: int,
    detail: str,
    *,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    body: dict[str, object] = {
        "type": "about:blank",
        "title": _TITLES.get(status) or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = errors
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)


class BodyLimit:
    """Refuse a body over MAX_BODY_BYTES: before it is read where its length is declared.

    Starlette's own limit answers a declared length in plain text, whatever the error handlers say.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        declared = dict(scope.get("headers", ())).get(b"content-length", b"0")
        size = 0

        async def limited() -> Message:
            nonlocal size
            if declared.isdigit() and int(declared) > MAX_BODY_BYTES:
                raise HTTPException(413)
            message = await receive()
            size += len(message.get("body", b""))
            if size > MAX_BODY_BYTES:
                raise HTTPException(413)
            return message

        await self._app(scope, limited, send)


def install(app: FastAPI) -> None:
    app.add_middleware(BodyLimit)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(BadInput, _bad_input)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(TodoError, _todo)
    app.add_exception_handler(StoreUnavailable, _unavailable)
    app.add_exception_handler(StoreError, _unexpected)
    app.add_exception_handler(Exception, _unexpected)


def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    faults = [_fault_of(found) for found in error.errors()]
    kinds = {found["type"] for found in error.errors()}
    if "json_invalid" in kinds:
        return problem(400, "The body is not valid JSON.", errors=faults)
    if "model_attributes_type" in kinds and not _is_json(request):
        return problem(415, "Content-Type must be application/json.", errors=[_CONTENT_TYPE])
    named = ", ".join(dict.fromkeys(found["field"] for found in faults))
    return problem(422, f"The request is not valid: see {named}.", errors=faults)


_CONTENT_TYPE = fault("header", "Content-Type", "must be application/json")


def _is_json(request: Request) -> bool:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def _fault_of(found: Mapping[str, Any]) -> dict[str, str]:
    location, *path = found["loc"]
    if found["type"] == "json_invalid":
        return fault("body", "body", f"{found['ctx']['error']} at character {path[0]}")
    return fault(location, ".".join(str(part) for part in path) or location, found["msg"])


def _bad_input(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, BadInput)  # noqa: S101
    return problem(400, f"{error.fault['field']}: {error}", errors=[error.fault])


def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    detail = _DETAILS.get(error.status_code, error.detail)
    return problem(error.status_code, detail, headers=error.headers)


_DETAILS = {
    400: "The body could not be read.",
    401: "Sign in first: no authorizer vouched for this request.",
    404: "There is nothing at this path.",
    405: "This path does not take this method: see Allow.",
    413: f"The body is over {MAX_BODY_BYTES} bytes.",
}


def _todo(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, TodoNotFound) and request.method != "GET":
        # The tutorial's own answer, from before there were problem details.
        return JSONResponse({"data": str(error)}, 404)
    return problem(_STATUS[type(error)], str(error))


def _unavailable(_: Request, error: Exception) -> JSONResponse:
    log.warning("store unavailable: %s", error)
    detail = "The store is busy. The change may or may not have been made: read, then try again."
    return problem(503, detail, headers={"Retry-After": str(RETRY_AFTER_S)})


def _unexpected(_: Request, error: Exception) -> JSONResponse:
    log.error("unexpected %s", type(error).__name__, exc_info=error)
    return problem(500, "Something failed on our side. It has been logged.")
