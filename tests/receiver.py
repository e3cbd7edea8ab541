"""A receiver like a customer's: it drops repeats, and keeps the newest state of each todo.

Its rules are those of examples/receiver.py. Each owner has a separate endpoint.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from examples.receiver import CHANGES, Received, verified
from infra.fake_convoy import server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

    from tests.stand_in import Convoy
    from tests.support import JsonObject

_SECRET = "the receiver's"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event that arrived at its owner's endpoint, with its key."""

    owner: str
    key: str
    data: JsonObject


@dataclass
class Receiver:
    """`arrivals` are in the order of arrival."""

    convoy: Convoy
    url: str = ""
    arrivals: list[Arrival] = field(default_factory=list)
    _todos: dict[str, dict[int, JsonObject]] = field(default_factory=lambda: defaultdict(dict))
    _received: dict[str, Received] = field(default_factory=lambda: defaultdict(Received))
    _generation: int = 0

    @classmethod
    @contextmanager
    def serving(cls, convoy: Convoy) -> Iterator[Receiver]:
        receiver = cls(convoy)
        route = Route("/{generation:int}/{owner}", receiver._receive, methods=["POST"])
        with server.running(Starlette(routes=[route])) as receiver.url:
            yield receiver

    def clear(self) -> None:
        """Forget everything. Earlier deliveries that are still under way get a 401."""
        self._generation += 1
        self.arrivals.clear()
        self._todos.clear()
        self._received.clear()

    def subscribe(self, owner: str) -> None:
        url = f"{self.url}/{self._generation}/{owner}"
        body = {"name": owner, "url": url, "owner_id": owner, "secret": _SECRET}
        endpoint = self.convoy.ask("POST", "/endpoints", json=body)["uid"]
        self.convoy.ask("POST", "/subscriptions", json={"name": "all", "endpoint_id": endpoint})

    def todos(self, owner: str) -> list[JsonObject]:
        """The owner's todos as the receiver holds them, by id."""
        return sorted(self._todos[owner].values(), key=lambda todo: int(todo["id"]))

    def times(self) -> Counter[str]:
        """How often each key arrived."""
        return Counter(arrival.key for arrival in self.arrivals)

    async def _receive(self, request: Request) -> Response:
        body = await request.body()
        now = self.convoy.clock().timestamp()
        is_known = request.path_params["generation"] == self._generation
        signature = request.headers.get("x-convoy-signature", "")
        if not is_known or not verified(_SECRET, body, signature, now):
            return Response(status_code=401)
        owner, data = request.path_params["owner"], json.loads(body)
        self.arrivals.append(Arrival(owner, request.headers["x-convoy-idempotency-key"], data))
        is_change = data["event"].rpartition(".")[2] in CHANGES
        if is_change and self._received[owner].is_news(data):
            self._apply(owner, data)
            self._received[owner].record(data)
        return Response(status_code=204)

    def _apply(self, owner: str, data: JsonObject) -> None:
        todo = data["todo"]
        if data["event"] == "todo.deleted":
            self._todos[owner].pop(todo["id"], None)
        else:
            self._todos[owner][todo["id"]] = todo
