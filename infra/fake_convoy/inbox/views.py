"""An event, its deliveries and its row of the outbox, as the inbox shows them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from infra.fake_convoy.deliveries import ENDED, SIGNATURE, SUCCESS, storable
from infra.fake_convoy.receiver import verifies

if TYPE_CHECKING:
    from infra.fake_convoy.project import JsonObject, Project
    from infra.fake_convoy.queues import Queues

MAX_BODY = 10_000
"""Characters of an endpoint's answer that are shown."""

_HANDLED = {"Success", "Failure"}
"""The statuses of an event with which Convoy has done its part."""


def event_view(project: Project, queues: Queues, event: JsonObject) -> JsonObject:
    """`states`: of its deliveries, or its own without any (see `_own_state`, `_delivery`)."""
    deliveries = [_delivery(project, queues, each) for each in project.deliveries_of[event["uid"]]]
    fields = {name: value for name, value in event.items() if name not in {"data", "raw"}}
    states = {each["state"] for each in deliveries} or {_own_state(queues, event)}
    return fields | {
        "storable": storable(event["raw"]),
        "states": sorted(states),
        "deliveries": deliveries,
        "data": event["data"],  # last, where a person who reads the JSON finds it
    }


def _own_state(queues: Queues, event: JsonObject) -> str:
    """`waiting`: a job of it is queued. `unsent`: nobody gets it. `lost`: it has no job."""
    if event["is_duplicate_event"] or event["status"] in _HANDLED:
        return "unsent"
    if not storable(event["raw"]):
        return "lost"
    uid = event["uid"]
    return "waiting" if queues.has(uid, f"create:{uid}", f"replay:{uid}") else "lost"


def _delivery(project: Project, queues: Queues, delivery: JsonObject) -> JsonObject:
    """`state`: `delivered`, `failed`; `waiting` with a job in a queue, and `lost` without one."""
    endpoint = project.endpoints[delivery["endpoint_id"]]
    attempts = project.attempts_of[delivery["uid"]]
    if delivery["status"] in ENDED:
        state = "delivered" if delivery["status"] == SUCCESS else "failed"
    else:
        state = "waiting" if queues.has(delivery["uid"]) else "lost"
    return {
        **{name: delivery[name] for name in ("uid", "status", "description")},
        "state": state,
        "next_send_time": delivery["next_send_time"],
        "endpoint": {name: endpoint[name] for name in ("uid", "name", "url")},
        "attempts": [_attempt(project, endpoint, delivery, each) for each in attempts],
    }


def _attempt(
    project: Project, endpoint: JsonObject, delivery: JsonObject, attempt: JsonObject
) -> JsonObject:
    sent = datetime.fromisoformat(attempt["requested_at"])
    answered = attempt.get("responded_at")
    latency = datetime.fromisoformat(answered) - sent if answered else None
    signature = attempt["request_http_header"][SIGNATURE]
    uid = attempt["uid"]
    if uid not in project.verdicts:
        body = project.events[delivery["event_id"]]["raw"].encode()
        project.verdicts[uid] = verifies(endpoint, body, signature, sent.timestamp())
    body_text = attempt.get("response_data", "")
    return {
        "uid": uid,
        "at": attempt["requested_at"],
        "answer": attempt.get("http_status") or attempt.get("error", "none"),
        "arrived": "status" in attempt,
        "latency_ms": None if latency is None else round(latency.total_seconds() * 1000, 1),
        "signature": signature,
        "verifies": project.verdicts[uid],
        "request_headers": attempt["request_http_header"],
        "response_headers": attempt.get("response_http_header", {}),
        "response_body": body_text[:MAX_BODY],
        "response_cut": len(body_text) > MAX_BODY,
    }


def outbox_view(project: Project, queues: Queues, rows: list[JsonObject]) -> list[JsonObject]:
    """The rows (`infra.fake_convoy.inbox.gauges.ReadOutbox`), each with what Convoy has of it."""
    events = project.events.values()
    by_key = {e["idempotency_key"]: e for e in events if not e["is_duplicate_event"]}
    queued = queues.keys_published()
    return [row | {"in_convoy": _in_convoy(project, queues, by_key, queued, row)} for row in rows]


def _in_convoy(
    project: Project,
    queues: Queues,
    by_key: dict[str, JsonObject],
    queued: set[str],
    row: JsonObject,
) -> str:
    """`handled`; `waiting` with a job in a queue, `stuck` or, if it is not stored, `lost` without
    one; `none`: Convoy never accepted it."""
    event = by_key.get(row["key"])
    if event is not None:
        if event["status"] in _HANDLED:
            return "handled"
        return "waiting" if _own_state(queues, event) == "waiting" else "stuck"
    if row["key"] in queued:
        return "waiting"
    return "lost" if row["key"] in project.accepted else "none"
