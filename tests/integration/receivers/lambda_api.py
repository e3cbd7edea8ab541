"""The API of one owner, as the receiver for Lambda reads it, and the issuer of its tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from app.domain.event_ids import uuid7
from app.domain.resource import NotFound
from app.http import application
from app.outbox.outcomes import Accepted
from tests.components import make_event_log, make_service
from tests.support import NOW
from tests.todo import TODO

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from starlette.types import ASGIApp, Receive, Scope, Send

    from app.domain.events import Event
    from tests.support import JsonObject

_NUMBERS = count(1)
"""One counter for the ids of all owners: they share an outbox."""

TOKEN = "a-token"  # noqa: S105


@dataclass
class Api:
    """The API of one owner, on a clock that the test moves, and the issuer of its tokens.

    `lag` is how long a change takes from its event's id to its commit. `failing` is an answer in
    place of the next ones, after `failing_after` right ones.
    """

    client: DynamoDBClient
    owner: str
    now: datetime = NOW
    lag: timedelta = timedelta()
    payloads: list[JsonObject] = field(default_factory=list)
    failing: Response | None = None
    failing_after: int = 0
    requests: list[Request] = field(default_factory=list)
    forms: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.service = make_service(
            self.client,
            self,
            clock=lambda: self.now - self.lag,
            new_event_id=lambda moment: uuid7(moment, next(_NUMBERS)),
        )

    def publish(self, event: Event) -> Accepted:
        self.payloads.append(json.loads(json.dumps(event.data)))
        return Accepted()

    def change(self, todo: int, item: str, *, delete: bool) -> None:
        """Create the todo if there is none. Else update or delete it."""
        try:
            if delete:
                self.service.delete(self.owner, todo)
            else:
                self.service.update(self.owner, todo, {"item": item})
        except NotFound:
            self.service.create(self.owner, todo, {"item": item})

    def todos(self) -> dict[str, JsonObject]:
        """The state that the receiver should have."""
        found = self.service.page(self.owner, limit=1000, after=None).found
        return {f"todo/{each.id}": dict(TODO.public(each)) for each in found}

    def app(self) -> Starlette:
        log = make_event_log(self.client, lambda: self.now)
        self._app = application.build([self.service], lambda _: self.owner, log=log)
        routes = [Route("/token", self._token, methods=["POST"]), Mount("/", self._answer)]
        return Starlette(routes=routes)

    async def _token(self, request: Request) -> Response:
        self.forms.append(await request.body())
        return JSONResponse({"access_token": TOKEN, "token_type": "Bearer"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp = self._app
        if scope["path"] == "/events":
            self.requests.append(Request(scope))
            if self.failing is not None and self.failing_after <= 0:
                app = self.failing
            self.failing_after -= 1
        await app(scope, receive, send)
