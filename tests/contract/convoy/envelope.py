"""Convoy's envelope, opened: what it tells, or why it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

EVENT = {"event_type": "created", "data": {"x": 1}}


def data(response: httpx.Response, status: int = 201) -> Any:
    assert response.status_code == status, response.text
    body = response.json()
    assert body["status"] is True
    return body["data"]


def message(response: httpx.Response, status: int = 400) -> str:
    assert response.status_code == status, response.text
    body = response.json()
    assert body["status"] is False
    text: str = body["message"]
    return text
