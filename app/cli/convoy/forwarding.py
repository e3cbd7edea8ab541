"""Sends events to a URL as Convoy sends webhooks: the same bytes, headers and signature."""

from __future__ import annotations

import hmac
import json
import time
from typing import TYPE_CHECKING

import httpx

from app.convoy.connections import Origin, Request
from app.convoy.transport import ERRORS, DeadlineTransport
from app.wiring.clock import now

if TYPE_CHECKING:
    from app.convoy_admin.calls import JsonObject

DEADLINE_S = 10.0
"""Seconds that the receiver has for its answer, as Convoy gives it."""

MAX_ANSWER_BYTES = 1024 * 1024

USER_AGENT = b"fastapi-todo-convoy/listen"


class Forwarder:
    """Sends to `url` from this machine, without a proxy; signs with `secret`."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret
        self._transport = DeadlineTransport(
            max_bytes=MAX_ANSWER_BYTES, ssl_context=httpx.create_ssl_context()
        )

    def send(self, event: JsonObject) -> JsonObject:
        """Make one attempt: when, whether it arrived, the latency, the answer or the error."""
        at = now()
        body = json.dumps(event["data"], ensure_ascii=False, separators=(",", ":")).encode()
        request = self._request(body, event["idempotency_key"], int(at.timestamp()))
        began = time.monotonic()
        try:
            answer = self._transport.exchange(request, began + DEADLINE_S)
        except ERRORS as error:
            return {
                "at": at.isoformat(),
                "arrived": False,
                "answer": f"{type(error).__name__}: {error}",
                "latency_ms": None,
            }
        return {
            "at": at.isoformat(),
            "arrived": answer.is_success,
            "answer": f"{answer.status_code} {answer.reason_phrase}".rstrip(),
            "latency_ms": round((time.monotonic() - began) * 1000, 1),
        }

    def close(self) -> None:
        self._transport.close()

    def _request(self, body: bytes, key: str, at: int) -> Request:
        signature = hmac.digest(self._secret.encode(), b"%d,%b" % (at, body), "sha256").hex()
        url = httpx.URL(self._url)
        headers = [
            (b"Host", url.netloc),
            (b"User-Agent", USER_AGENT),
            (b"Content-Type", b"application/json"),
            (b"Content-Length", b"%d" % len(body)),
            (b"X-Convoy-Signature", f"t={at},v1={signature}".encode()),
        ]
        if key:
            headers.append((b"X-Convoy-Idempotency-Key", key.encode()))
        return Request("POST", Origin.of(url), url.raw_path.decode("ascii"), headers, body)
