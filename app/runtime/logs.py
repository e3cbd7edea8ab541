"""Structured logs: one JSON object per line, with the request's id, without texts and secrets."""

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

    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
actor: ContextVar[str | None] = ContextVar("actor", default=None)
"""Who acts in the request: a personal name, of which a log line may have only a hash."""


def configure(stream: TextIO | None = None) -> None:
    """Replace the root logger's handlers, Lambda's own too. The default stream is stdout."""
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
    for chatty in ("botocore", "httpx"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # The gateway has an access log, and app/http/problems.py logs each fault. Another line for
    # each request takes 10 % of the request's time.
    logging.getLogger("mangum.http").setLevel(logging.CRITICAL)


def _with_request_id(record: logging.LogRecord) -> bool:
    record.request_id = request_id.get()
    return True


def current_request() -> tuple[str | None, str | None]:
    """The request's id and its actor; None if there is none."""
    return request_id.get(), actor.get()


@contextmanager
def request_id_context(request: str) -> Iterator[None]:
    """Every line that is logged inside has this request's id."""
    token = request_id.set(request)
    try:
        yield
    finally:
        request_id.reset(token)


class RequestId:
    """Gives each request a random id. It wraps the whole application: Starlette's middleware that
    logs faults is outside of every added middleware."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with request_id_context(str(uuid4())):
            await self.app(scope, receive, send)
