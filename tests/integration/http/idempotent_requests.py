"""Requests that share one Idempotency-Key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from httpx2 import Response
    from starlette.testclient import TestClient

KEY = {"idempotency-key": "k-1"}

Asked = tuple[str, str, dict[str, Any] | None]
CREATE: Asked = ("POST", "/todo", {"item": "two"})
UPDATE: Asked = ("PUT", "/todo/1", {"item": "uno"})
DELETE: Asked = ("DELETE", "/todo/1", None)
REQUESTS = [CREATE, UPDATE, DELETE]


def ask(client: TestClient, asked: Asked, headers: dict[str, str] = KEY) -> Response:
    method, path, body = asked
    return client.request(method, path, json=body, headers=headers)
