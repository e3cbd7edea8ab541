"""The API of one owner, as the receiver for Lambda reads it, and the issuer of its tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from app.domain.event_ids import first_id, uuid7
from app.domain.resource import NotFound
from app.http import application
from app.outbox.outcomes import Accepted
from tests.components import make_service
from tests.support import NOW
from tests.tables import make_log

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from starlette.requests import Request

    from app.domain.events import Event
    from tests.support import JsonObject

_NUMBERS = count(1)
"""One counter for the ids of all owners: they share an outbox."""

HORIZON = timedelta(seconds=30)
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
        self._log = make_log(self.client)

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
        return {
            f"todo/{each.id}": {
                "id": each.id,
                "item": each.item,
                "completed": each.completed,
                "version": each.version,
            }
            for each in self.service.page(self.owner, limit=1000, after=None).found
        }

    def app(self) -> Starlette:
        todos = application.build([self.service], lambda _: self.owner)
        return Starlette(
            routes=[
                Route("/token", self._token, methods=["POST"]),
                Route("/events", self._events),
                Mount("/", todos),
            ]
        )

    async def _token(self, request: Request) -> Response:
        self.forms.append(await request.body())
        return JSONResponse({"access_token": TOKEN, "token_type": "Bearer"})

    async def _events(self, request: Request) -> Response:
        self.requests.append(request)
        if self.failing is not None and self.failing_after <= 0:
            return self.failing
        self.failing_after -= 1
        return JSONResponse(await run_in_threadpool(self._page, dict(request.query_params)))

    def _page(self, query: dict[str, str]) -> JsonObject:
        until = self.now - HORIZON
        after, limit = query.get("after", ""), int(query["limit"])
        first = after
        if after[10:11] == "T":
            first = first_id(datetime.fromisoformat(after.replace("Z", "+00:00")))
        pages = self._log.since(NOW - timedelta(days=40), now=self.now, owner=self.owner)
        found = [
            each
            for page in pages
            for each in page
            if (each.id >= first if first != after else each.id > after)
            and each.id < first_id(until)
        ]
        answer: JsonObject = {
            "data": [each.data for each in found[:limit]],
            "until": until.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        return answer | ({"next": found[limit - 1].id} if len(found) > limit else {})
