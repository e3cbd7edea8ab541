"""The stand-in's own receiver: verifies as examples/receiver.py does, and fails on request."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from starlette.responses import Response

from examples.receiver import verified
from infra.fake_convoy.project import project_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from infra.fake_convoy.project import JsonObject


class Receiver:
    """`clock` is in seconds since 1970."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._fails_until = 0.0

    def fail_for(self, seconds: float) -> None:
        self._fails_until = self._clock() + seconds

    def fails_for(self) -> float:
        """Seconds until the receiver works again."""
        return max(0.0, self._fails_until - self._clock())

    async def receive(self, request: Request) -> Response:
        """503 while the receiver has to fail, 401 if the signature does not verify, else 204."""
        if self.fails_for() > 0:
            return Response("The receiver fails on request.", 503)
        body = await request.body()
        signature = request.headers.get("x-convoy-signature", "")
        for endpoint in project_of(request).endpoints.values():
            if endpoint["url"] == str(request.url) and verifies(
                endpoint, body, signature, self._clock()
            ):
                return Response(status_code=204)
        return Response("The signature does not verify.", 401)


def verifies(endpoint: JsonObject, body: bytes, signature: str, at: float) -> bool:
    """Whether one of the endpoint's secrets signed these bytes, at about `at` (seconds)."""
    secrets = [secret["value"] for secret in endpoint["secrets"]]
    return any(verified(secret, body, signature, at) for secret in secrets)
