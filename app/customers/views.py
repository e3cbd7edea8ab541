"""Convoy's endpoints, deliveries and attempts, as a customer sees them. Secrets are left out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from app.convoy_admin.deliveries import ENDED, MAX_BODY, latency_ms
from app.outbox.rows import event_id_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.convoy_admin.calls import JsonObject

WAITING = {"Retry", "Scheduled"}
STATUSES = (*sorted(ENDED), "Processing", *sorted(WAITING))
"""Convoy's words. Discarded: the endpoint was paused or inactive."""


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
    body = attempt.get("response_data")
    return {
        "at": attempt["requested_at"],
        "arrived": attempt.get("status", False),
        "answer": attempt.get("http_status") or _reason(attempt.get("error") or ""),
        "latency_ms": latency_ms(attempt),
        **({"body": body[:MAX_BODY]} if body else {}),
    }


_REASONS = {
    "name not found": re.compile("lookup|no such host|name or service|name resolution"),
    "timed out": re.compile("time ?out|timed out|deadline exceeded|no answer within"),
    "TLS failed": re.compile("tls|x509|certificate|ssl"),
    "connection refused": re.compile("refused|connection attempts failed"),
}
NO_ANSWER = "no answer"


def _reason(error: str) -> str:
    """The kind of an error. Its text may name addresses of Convoy's own network."""
    text = re.sub(r'"[^"]*"', "", error).lower()  # the URL, which may have any of the words
    return next((each for each, words in _REASONS.items() if words.search(text)), NO_ANSWER)
