"""Convoy's endpoints, deliveries and attempts, as a customer sees them. Secrets are left out."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from app.outbox.rows import event_id_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.convoy_admin.calls import JsonObject

WAITING = {"Retry", "Scheduled"}
ENDED = {"Success", "Failure", "Discarded"}
STATUSES = (*sorted(ENDED), "Processing", *sorted(WAITING))
"""Convoy's words. Discarded: the endpoint was paused or inactive."""

BODY_LIMIT = 1000
"""Characters of a receiver's answer that are shown."""


def endpoint_view(endpoint: JsonObject, event_types: Sequence[str]) -> JsonObject:
    shown = {name: endpoint[name] for name in ("url", "status", "created_at")}
    return {
        "id": endpoint["uid"],
        "description": endpoint.get("description") or "",
        "event_types": list(event_types),
        **shown,
    }


def delivery_view(delivery: JsonObject) -> JsonObject:
    """Without `event` if this API did not publish it."""
    key, metadata = delivery["idempotency_key"], delivery["metadata"]
    waits = delivery["status"] in WAITING
    return {
        "id": delivery["uid"],
        **({"event": event_id_of(key)} if key else {}),
        "event_type": delivery["event_type"],
        "endpoint": delivery["endpoint_id"],
        "url": (delivery["endpoint_metadata"] or {}).get("url", ""),
        "status": delivery["status"],
        "attempts": metadata["num_trials"],
        **({"next_attempt_at": metadata["next_send_time"]} if waits else {}),
        "created_at": delivery["created_at"],
    }


def attempt_view(attempt: JsonObject) -> JsonObject:
    """`latency_ms` is None without an answer. Convoy leaves out what is false or empty."""
    error = _OUR_SIDE.sub("", attempt.get("error") or "none")
    body = attempt.get("response_data")
    return {
        "at": attempt["requested_at"],
        "arrived": attempt.get("status", False),
        "answer": attempt.get("http_status") or error,
        "latency_ms": _latency_ms(attempt["requested_at"], attempt.get("responded_at")),
        **({"body": body[:BODY_LIMIT]} if body else {}),
    }


_OUR_SIDE = re.compile(r"\S+->| on \S+:53\b")
"""Addresses of Convoy and of its name server, in an error such as `read tcp 10.0.0.5:4711->…`."""


def _latency_ms(asked: str, answered: str | None) -> float | None:
    if not answered:
        return None
    took = datetime.fromisoformat(answered) - datetime.fromisoformat(asked)
    return round(took.total_seconds() * 1000, 1)
