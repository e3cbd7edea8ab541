"""The application's type: FastAPI, which answers HEAD wherever it answers GET."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send


class Api(FastAPI):
    """Answers HEAD as it answers GET, with its headers, without its body (RFC 9110, 9.3.2).

    Not by a middleware: Starlette's own answer to an unexpected error is outside of each one.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            return await super().__call__(scope, receive, send)

        async def send_head(message: Message) -> None:
            body = message["type"] == "http.response.body"
            await send({**message, "body": b""} if body else message)

        await super().__call__({**scope, "method": "GET"}, receive, send_head)
        return None
