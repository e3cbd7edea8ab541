"""The receiver, a separate process: verifies each delivery, and writes it to a file.

CONVOY_ENDPOINT_SECRET=… ARRIVALS=FILE uvicorn --factory benchmarks.soak.receiver:app
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from examples.receiver import verified

if TYPE_CHECKING:
    from starlette.requests import Request

JsonObject = dict[str, Any]

PATH = "/webhooks"

CHANGES = {"todo.created", "todo.updated", "todo.deleted"}


def app() -> Starlette:
    secret = os.environ["CONVOY_ENDPOINT_SECRET"]
    arrivals = Path(os.environ["ARRIVALS"])

    async def receive(request: Request) -> Response:
        body, at = await request.body(), time.time()
        if not verified(secret, body, request.headers.get("x-convoy-signature", ""), at):
            return Response(status_code=401)
        noted = {"at": at, "event": json.loads(body)}
        with arrivals.open("ab", buffering=0) as file:
            file.write(json.dumps(noted).encode() + b"\n")
        return Response(status_code=204)

    return Starlette(routes=[Route(PATH, receive, methods=["POST"])])


@dataclass(slots=True)
class Arrivals:
    """Events of changes, by id: how often each came, when first (in seconds), and its payload."""

    times: Counter[str] = field(default_factory=Counter)
    first: dict[str, float] = field(default_factory=dict)
    events: dict[str, JsonObject] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Arrivals:
        found = cls()
        for line in path.read_bytes().splitlines() if path.exists() else ():
            noted = json.loads(line)
            event = noted["event"]
            # Not Convoy's key: the relay may publish an event again under another key.
            key = event["id"]
            if event["event"] in CHANGES:
                found.times[key] += 1
                found.first.setdefault(key, noted["at"])
                found.events.setdefault(key, event)
        return found

    def todos(self) -> dict[int, JsonObject]:
        """The todos, by id, as a receiver has them that keeps each todo's highest version."""
        newest: dict[int, JsonObject] = {}
        for event in self.events.values():
            known = newest.get(event["todo"]["id"])
            if known is None or _rank(event) > _rank(known):
                newest[event["todo"]["id"]] = event
        return {
            todo_id: event["todo"]
            for todo_id, event in newest.items()
            if event["event"] != "todo.deleted"
        }


def _rank(event: JsonObject) -> int:
    version: int = event["todo"]["version"]
    return version
