"""A receiver: CONVOY_ENDPOINT_SECRET=… uvicorn --factory examples.receiver:app --port 9000"""

import json
import os
import re
import time
from typing import Any

from convoy.utils.webhook import Webhook
from fastapi import FastAPI, Request, Response

TOLERANCE_S = 300


def verified(secret: str, body: bytes, signature: str, now: float) -> bool:
    """Whether Convoy signed these very bytes, at most TOLERANCE_S seconds from now."""
    # Beyond this grammar the SDK raises; a time that is to come it takes for fresh.
    found = re.fullmatch(r"t=([0-9]{1,11})(,v[0-9]+=[0-9a-f]{64})+", signature)
    if found is None or abs(now - int(found[1])) > TOLERANCE_S:
        return False
    text = body.decode(errors="replace")  # to all bytes it says no; what is replaced fails
    return bool(Webhook(secret, tolerance=2**40).verify_signature(text, signature))


class Received:
    """In memory, so for one process: put a table in its place, written with what you do."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.todos: dict[int, tuple[str, int, bool]] = {}

    def is_news(self, event: dict[str, Any]) -> bool:
        """False for what came before, and for what is older than what is known of its todo."""
        seen, todo = event["id"] in self.keys, event.get("todo")
        self.keys.add(event["id"])
        if seen or not todo:
            return not seen
        # Not by version alone: a todo made again under the id of a deleted one starts at 1.
        state = (event["occurred_at"], todo["version"], event["event"] == "todo.deleted")
        known = self.todos.get(todo["id"], ("", 0, False))
        self.todos[todo["id"]] = max(state, known)
        return state > known


def app() -> FastAPI:
    if not (secret := os.environ.get("CONVOY_ENDPOINT_SECRET", "")):
        raise SystemExit("CONVOY_ENDPOINT_SECRET is not set: with an empty one, anybody can sign.")
    app, received = FastAPI(), Received()

    @app.post("/webhooks")
    async def receive(request: Request) -> Response:
        body = await request.body()  # as it came: JSON read and written again has other bytes
        if not verified(secret, body, request.headers.get("x-convoy-signature", ""), time.time()):
            return Response(status_code=401)
        if received.is_news(event := json.loads(body)):
            print(event["event"], event["id"])  # noqa: T201  # yours to do: quickly, or by a queue
        return Response(status_code=204)

    return app
