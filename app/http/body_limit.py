"""The limit of a request's body."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

from app.http.problems import problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 128 * 1024
"""Enough for 10,000 characters, each escaped as a surrogate pair."""


class BodyLimit:
    """Reads the whole body first, and answers 413 if it is over MAX_BODY_BYTES.

    Starlette's own limit answers in plain text, and only if a route reads the body.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        try:
            body = await _read(receive)
        except ClientDisconnect:
            return None  # the body is incomplete, and nobody waits for an answer
        if body is None:
            refusal = problem(413, f"The body is over {MAX_BODY_BYTES} bytes.")
            return await refusal(scope, receive, send)
        pending: list[Message] = [{"type": "http.request", "body": body}]

        async def replay() -> Message:
            return pending.pop() if pending else await receive()

        await self._app(scope, replay, send)
        return None


async def _read(receive: Receive) -> bytes | None:
    """The body; None as soon as it is over the limit. Raises ClientDisconnect."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            return None
        more = message.get("more_body", False)
    return body
