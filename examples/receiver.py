"""A receiver: CONVOY_ENDPOINT_SECRET=… uvicorn --factory examples.receiver:app --port 9000"""

import json
import os
import re
import time
from typing import Any, NamedTuple

from convoy.utils.webhook import Webhook
from fastapi import FastAPI, HTTPException, Request

CHANGES = {"created", "updated", "deleted"}  # the last word of `event`, for any resource
KNOWN = {*CHANGES, "retrieved", "failure", "ping"}
MAX_BYTES = 1 << 20


def verified(secret: str, body: bytes, header: str, now: float) -> bool:
    """Whether Convoy signed exactly these bytes, at most 300 seconds from now."""
    # The SDK raises on any other header, and accepts times in the future.
    found = re.fullmatch(r"t=([0-9]{1,11})(,v[0-9]+=[0-9a-f]{64})+", header)
    if found is None or abs(now - int(found[1])) > 300:
        return False
    text = body.decode(errors="replace")  # the SDK verifies only text
    return text.encode() == body and Webhook(secret, tolerance=2**40).verify_signature(text, header)


class Received(NamedTuple):
    """In memory, for one process. Use a table instead, in one transaction with your own writes."""

    keys: set[str]
    versions: dict[tuple[str, int], int]

    def is_news(self, event: dict[str, Any]) -> bool:
        """False for an event that came before, and for a change older than the newest one."""
        kind, _, action = event["event"].rpartition(".")
        if action in CHANGES:
            resource, version = (kind, event[kind]["id"]), int(event[kind]["version"])
            newest = self.versions.get(resource, 0)
            self.versions[resource] = max(version, newest)
            return version > newest
        seen = event["id"] in self.keys
        self.keys.add(event["id"])
        return not seen


def app() -> FastAPI:
    # Several secrets, with spaces between them: the new one and the old one, while it is rotated.
    if not (secrets := os.environ.get("CONVOY_ENDPOINT_SECRET", "").split()):
        raise SystemExit("CONVOY_ENDPOINT_SECRET is not set. Set it: anybody can sign without it.")
    app, received = FastAPI(), Received(set(), {})

    @app.post("/webhooks", status_code=204)
    async def receive(request: Request) -> None:
        body = b""  # the bytes as they came: parsed and rewritten JSON differs
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BYTES:
                raise HTTPException(413)
        header, now = request.headers.get("x-convoy-signature", ""), time.time()
        if not any(verified(secret, body, header, now) for secret in secrets):
            raise HTTPException(401)
        event = json.loads(body)  # ignore unknown events: new types may be added
        name = str(event.get("event", "")) if isinstance(event, dict) else ""
        if name.rpartition(".")[2] in KNOWN and received.is_news(event):
            print(name, event["id"])  # noqa: T201  # your work: be fast, or queue it

    return app
