"""Clients that call the application as a server does, and the handler as the gateway does."""

from __future__ import annotations

import base64
import json
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.integration.lambda_.gateways import request

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from fastapi import FastAPI

    from tests.integration.lambda_.gateways import Invoke
    from tests.support import JsonObject

JSON_TYPE = {"content-type": "application/json"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Asked:
    """A request. `path` has the form of a request line's."""

    method: str
    path: str
    query: str
    body: bytes
    headers: Mapping[str, str]
    owner: str


class AttackClient(ABC):
    """`target` is a path with its query, in the form of a request line's."""

    def ask(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] = JSON_TYPE,
        owner: str = "ann",
    ) -> Answer:
        path, _, query = target.partition("?")
        return self._ask(Asked(method, path, query, body, headers, owner))

    @abstractmethod
    def _ask(self, asked: Asked) -> Answer: ...


@dataclass(frozen=True)
class AsgiClient(AttackClient):
    """Calls the application as uvicorn does, with the owner in the scope."""

    app: FastAPI
    loop: asyncio.Runner

    def _ask(self, asked: Asked) -> Answer:
        scope: JsonObject = {
            "type": "http",
            "method": asked.method,
            "path": unquote(asked.path),
            "raw_path": asked.path.encode(),
            "query_string": asked.query.encode(),
            "headers": [
                (k.lower().encode(), v.encode("latin-1")) for k, v in asked.headers.items()
            ],
            "owner": asked.owner,
        }
        sent: list[JsonObject] = []

        async def serve() -> None:
            async def receive() -> JsonObject:
                return {"type": "http.request", "body": asked.body}

            async def send(message: Any) -> None:
                sent.append(message)

            await self.app(scope, receive, send)

        with suppress(Exception):  # after a 500 the application raises the error for the server
            self.loop.run(serve())
        start, *parts = sent
        answered = {k.decode(): v.decode("latin-1") for k, v in start["headers"]}
        return Answer(start["status"], answered, b"".join(part["body"] for part in parts))


@dataclass(frozen=True)
class GatewayClient(AttackClient):
    """Calls the handler as an HTTP API does, with the owner as its JWT's subject.

    `context`: more of the event's `requestContext`. `signed_in`: False for a request without a JWT.
    """

    invoke: Invoke
    context: JsonObject = field(default_factory=dict)
    signed_in: bool = True

    def _ask(self, asked: Asked) -> Answer:
        event = request("http_api_v2", asked.method, unquote(asked.path))
        event |= {"rawQueryString": asked.query, **encoded(asked.body)}
        event["headers"] = {name.lower(): value for name, value in asked.headers.items()}
        jwt = {"jwt": {"claims": {"sub": asked.owner}}} if self.signed_in else {}
        authorizer = self.context.get("authorizer", {}) | jwt
        event["requestContext"] |= {**self.context, "authorizer": authorizer}
        answer = self.invoke(event)
        return Answer(answer["statusCode"], answer["headers"], answer["body"].encode())


def encoded(body: bytes) -> JsonObject:
    """The body as the gateway encodes it: base64 unless it is text."""
    try:
        return {"body": body.decode(), "isBase64Encoded": False}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
