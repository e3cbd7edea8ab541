"""Structured logs: a JSON object a line, with the request's id. No todo text, and no secret."""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TextIO
from uuid import uuid4

from pythonjsonlogger.json import JsonFormatter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Receive, Scope, Send

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def configure(stream: TextIO | None = None) -> None:
    """Take over the root logger, and what Lambda's runtime put there; unless told, for stdout."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(
        JsonFormatter(
            "{levelname}{name}{message}",
            style="{",
            timestamp=True,
            rename_fields={"levelname": "level", "name": "logger"},
        )
    )
    handler.addFilter(_with_request_id)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # The gateway has an access log: what Mangum would add is not worth 10 % of a request.
    for chatty in ("botocore", "httpx", "httpcore", "mangum.http"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _with_request_id(record: logging.LogRecord) -> bool:
    record.request_id = request_id.get()
    return True


@contextmanager
def named(request: str) -> Iterator[None]:
    """Every line that is logged meanwhile has this request's id."""
    token = request_id.set(request)
    try:
        yield
    finally:
        request_id.reset(token)


class RequestId:
    """Names the request in every line that is logged for it: as Lambda does, or at random."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = scope.get("aws.context")
        with named(getattr(context, "aws_request_id", None) or str(uuid4())):
            await self._app(scope, receive, send)
