"""A receiver. In the folder of this file:

pip install convoy-python==1.0.0a1 fastapi uvicorn
CONVOY_ENDPOINT_SECRET=… uvicorn --factory receiver:app --port 9000
"""

import asyncio
import json
import os
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

from convoy.utils.webhook import Webhook
from fastapi import FastAPI, HTTPException, Request

CHANGES = {"created", "updated", "deleted"}  # the last word of `event`, for any resource
KNOWN = {*CHANGES, "retrieved", "failure", "ping"}
MAX_BYTES = 1 << 20


def verified(secret: str, body: bytes, header: str, now: float) -> bool:
    """Whether Convoy signed exactly these bytes, at most 300 seconds from now."""
    # The SDK raises on any other header, and accepts times in the future.
    found = re.fullmatch(r"t=([0-9]{1,11})(,v[0-9]+=[0-9a-f]{64})+", header)
    if not secret or found is None or abs(now - int(found[1])) > 300:
        return False
    text = body.decode(errors="replace")  # the SDK verifies only text
    if text.encode() != body:
        return False
    # An older SDK returns a text for a forgery, and a text is true.
    return Webhook(secret, tolerance=2**40).verify_signature(text, header) is True


class Received:
    """In memory, for one process. Use a table instead, in one transaction with your own writes."""

    def __init__(self) -> None:
        self._versions: dict[tuple[str, int | str], int] = {}

    def is_news(self, event: dict[str, Any]) -> bool:
        """False for an event that came before, and for a change older than the newest one."""
        key, version = _key_and_version(event)
        return version > self._versions.get(key, 0)

    def record(self, event: dict[str, Any]) -> None:
        """After the work: with an error before, Convoy's next attempt is still news."""
        key, version = _key_and_version(event)
        self._versions[key] = version


def _key_and_version(event: dict[str, Any]) -> tuple[tuple[str, int | str], int]:
    kind, _, action = event["event"].rpartition(".")
    if action in CHANGES:
        return (kind, event[kind]["id"]), int(event[kind]["version"])
    return ("", event["id"]), 1


async def show(event: dict[str, Any]) -> None:
    """Your work instead: be fast, or queue it. With an error of it, Convoy tries again."""
    print(event["event"], event["id"])  # noqa: T201


def app(work: Callable[[dict[str, Any]], Awaitable[None]] = show) -> FastAPI:
    # Several secrets, with spaces between them: the new one and the old one, while it is rotated.
    if not (secrets := os.environ.get("CONVOY_ENDPOINT_SECRET", "").split()):
        raise SystemExit("CONVOY_ENDPOINT_SECRET is not set. Set it: anybody can sign without it.")
    app, received, one_at_a_time = FastAPI(), Received(), asyncio.Lock()

    @app.head("/webhooks", status_code=204)
    async def exists() -> None:
        """Convoy asks so before it takes the URL of an endpoint."""

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
        if name.rpartition(".")[2] not in KNOWN:
            return
        async with one_at_a_time:
            if received.is_news(event):
                await work(event)
                received.record(event)

    return app
