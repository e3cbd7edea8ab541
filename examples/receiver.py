"""A receiver: CONVOY_ENDPOINT_SECRET=… uvicorn --factory examples.receiver:app --port 9000"""

import json
import os
import re
import time
from typing import Any, NamedTuple

from convoy.utils.webhook import Webhook
from fastapi import FastAPI, HTTPException, Request

CHANGES = {"todo.created", "todo.updated", "todo.deleted"}
KNOWN = {*CHANGES, "todo.retrieved", "todo.failure", "ping"}


def verified(secret: str, body: bytes, header: str, now: float) -> bool:
    """Whether Convoy signed these very bytes, at most 300 seconds from now."""
    # Beyond this grammar the SDK raises; a time that is to come it takes for fresh.
    found = re.fullmatch(r"t=([0-9]{1,11})(,v[0-9]+=[0-9a-f]{64})+", header)
    if found is None or abs(now - int(found[1])) > 300:
        return False
    text = body.decode(errors="replace")  # of bytes it says that they don't verify
    return text.encode() == body and Webhook(secret, tolerance=2**40).verify_signature(text, header)


class Received(NamedTuple):
    """In memory, so for one process: put a table in its place, written with what you do."""

    keys: set[str]
    versions: dict[int, int]

    def is_news(self, event: dict[str, Any]) -> bool:
        """False for what came before, and for what is older than what is known of its todo."""
        if event["event"] in CHANGES:
            todo, version = event["todo"]["id"], int(event["todo"]["version"])
            newest = self.versions.get(todo, 0)
            self.versions[todo] = max(version, newest)
            return version > newest
        seen = event["id"] in self.keys
        self.keys.add(event["id"])
        return not seen


def app() -> FastAPI:
    if not (secret := os.environ.get("CONVOY_ENDPOINT_SECRET", "")):
        raise SystemExit("CONVOY_ENDPOINT_SECRET is not set: with an empty one, anybody can sign.")
    app, received = FastAPI(), Received(set(), {})

    @app.post("/webhooks", status_code=204)
    async def receive(request: Request) -> None:
        body = await request.body()  # as it came: JSON read and written again has other bytes
        if not verified(secret, body, request.headers.get("x-convoy-signature", ""), time.time()):
            raise HTTPException(401)
        event = json.loads(body)  # what is not known is passed over: more may come one day
        if isinstance(event, dict) and event.get("event") in KNOWN and received.is_news(event):
            print(event["event"], event["id"])  # noqa: T201  # yours to do: quickly, or by a queue

    return app
