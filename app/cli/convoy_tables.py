"""Convoy's endpoints, deliveries and events: tables for people, JSON for scripts."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from app.cli.called import command
from app.cli.moments import TIME_WIDTH, shown
from app.cli.terminal import (
    coloured,
    console,
    on_own_lines,
    one_line,
    plain,
    say,
    say_coloured,
    say_json,
    table,
)
from app.convoy_admin.deliveries import MAX_BODY, latency_ms
from app.outbox.rows import event_id_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rich.table import Table

    from app.convoy_admin.calls import JsonObject
    from app.domain.events import Event


def say_endpoints(found: Sequence[JsonObject], *, as_json: bool) -> None:
    nothing = f"No endpoint. Make one: {command('convoy setup --url …')}"
    _say(found, as_json, endpoint_summary, endpoints, nothing)


def say_endpoint(endpoint: JsonObject, event_types: Sequence[str], *, as_json: bool) -> None:
    more = {
        "description": endpoint.get("description") or "",
        "created_at": endpoint["created_at"],
        "event_types": list(event_types),
    }
    values = endpoint_summary(endpoint) | more
    if as_json:
        say_json(values)
        return
    created = shown(_time(endpoint["created_at"]))
    # Convoy's name for every event type, present and future.
    types = "all" if "*" in event_types else ", ".join(event_types)
    fields = values | {"created_at": created, "event_types": types or "none: it gets no event"}
    text = coloured("")
    for name, value in fields.items():
        text.append("\n" if text else "").append(f"{name.replace('_', ' '):13}")
        text.append(coloured(value if name == "status" else "", value))
    say_coloured(text)


def say_deliveries(found: Iterable[JsonObject], *, as_json: bool) -> None:
    """`found`: as `delivery_summary` and `no_delivery` make them."""
    _say([*found], as_json, dict, deliveries, "No such delivery.")


def say_attempts(found: Sequence[JsonObject], *, as_json: bool) -> None:
    _say(found, as_json, attempt_summary, attempts, "No attempt yet.")


def say_event(event: JsonObject, forwarded: JsonObject | None, *, as_json: bool) -> None:
    """One line. Only JSON has the resource's text. `forwarded`: the attempt to forward it."""
    if as_json:
        say_json(event_summary(event) | ({"forwarded": forwarded} if forwarded else {}))
    else:
        say(one_line(event_line(event) + (f" -> {forwarded['answer']}" if forwarded else "")))


def endpoint_summary(endpoint: JsonObject) -> JsonObject:
    """Without its secrets."""
    return {
        "endpoint_id": endpoint["uid"],
        "owner": endpoint.get("owner_id", ""),
        "name": endpoint["name"],
        "url": endpoint["url"],
        "status": endpoint["status"],
    }


def endpoints(found: Sequence[JsonObject]) -> Table:
    made = table("Endpoint, URL, owner", Status=8)
    for each in map(endpoint_summary, found):
        lines = [each["endpoint_id"], f"  {each['url']}"]
        lines += [f"  {each['owner']}"] if each["owner"] else []
        made.add_row(coloured(each["status"]), on_own_lines(lines))
    return made


def delivery_summary(delivery: JsonObject) -> JsonObject:
    """`created_at` and `next_attempt_at` (None unless it will be tried again) are RFC 3339.

    `reason`: why Convoy does not try it again, if it says that; else None.
    """
    endpoint, metadata = delivery["endpoint_metadata"] or {}, delivery["metadata"]
    waits = delivery["status"] == "Retry"
    return {
        "delivery_id": delivery["uid"],
        "event_id": event_id_of(delivery["idempotency_key"]),
        "type": delivery["event_type"],
        "endpoint_id": delivery["endpoint_id"],
        "url": endpoint.get("url", ""),
        "owner": endpoint.get("owner_id", ""),
        "status": delivery["status"],
        "attempts": metadata["num_trials"],
        "created_at": delivery["created_at"],
        "next_attempt_at": metadata["next_send_time"] if waits else None,
        "reason": delivery.get("description") or None,
    }


def no_delivery(event: Event, reason: str) -> JsonObject:
    """In place of a delivery: an event for which Convoy made none."""
    return {
        "delivery_id": None,
        "event_id": event.id,
        "type": event.type,
        "endpoint_id": None,
        "url": "",
        "owner": event.owner,
        "status": None,
        "attempts": 0,
        "created_at": event.occurred_at.isoformat(),
        "next_attempt_at": None,
        "reason": reason,
    }


def deliveries(found: Sequence[JsonObject]) -> Table:
    made = table("Event, type, delivery, URL (reason)", Status=10, Tries=5, Time=TIME_WIDTH)
    for each in found:
        delivery = each["delivery_id"] or "no delivery"
        lines = [each["event_id"], f"  {each['type']}", f"  {delivery}"]
        lines += [f"  {each['url']}"] if each["url"] else []
        lines += [f"  ({each['reason']})"] if each["reason"] else []
        time = _shown(each["created_at"])
        if each["next_attempt_at"]:
            time += f"\nnext {_shown(each['next_attempt_at'])}"
        status, tries = coloured(each["status"] or "-"), str(each["attempts"])
        made.add_row(status, tries, plain(time), on_own_lines(lines))
    return made


def attempt_summary(attempt: JsonObject) -> JsonObject:
    """`latency_ms` is None without an answer. Convoy leaves out fields that are false or empty.

    `body`: the beginning of the receiver's answer.
    """
    return {
        "at": attempt["requested_at"],
        "arrived": attempt.get("status", False),
        "answer": attempt.get("http_status") or attempt.get("error") or "none",
        "latency_ms": latency_ms(attempt),
        "body": (attempt.get("response_data") or "")[:MAX_BODY],
        "signature": attempt["request_http_header"].get("X-Convoy-Signature", ""),
    }


def attempts(found: Sequence[JsonObject]) -> Table:
    made = table("Answer, body, signature", Time=TIME_WIDTH, Latency=9)
    for each in map(attempt_summary, found):
        more = "".join(f"\n  {text}" for text in (each["body"], each["signature"]) if text)
        latency = "-" if each["latency_ms"] is None else f"{each['latency_ms']} ms"
        answer = coloured("Success" if each["arrived"] else "Failure", each["answer"])
        made.add_row(_shown(each["at"]), latency, coloured("").append(answer).append(plain(more)))
    return made


def event_summary(event: JsonObject) -> JsonObject:
    return {
        "event_id": event["idempotency_key"],
        "type": event["event_type"],
        "duplicate": event["is_duplicate_event"],
        "created_at": event["created_at"],
        "data": event["data"],
    }


def event_line(event: JsonObject) -> str:
    data = event["data"] if isinstance(event["data"], dict) else {}
    duplicate = " (duplicate: not sent)" if event["is_duplicate_event"] else ""
    details = f"{event['idempotency_key'] or '-'}  {_about(data)}{duplicate}"
    return f"{_shown(event['created_at'])}  {event['event_type']:9}  {details}".rstrip()


def _about(data: JsonObject) -> str:
    for name, value in data.items():
        if isinstance(value, dict):
            return f"{name} {value.get('id')}, version {value.get('version')}"
        if name.endswith("_id"):
            return f"{name.removesuffix('_id')} {value}"
    return ""


def _say(
    found: Sequence[JsonObject],
    as_json: bool,  # noqa: FBT001
    summary: Callable[[JsonObject], JsonObject],
    tabulate: Callable[[Sequence[JsonObject]], Table],
    nothing: str,
) -> None:
    if as_json:
        for each in found:
            say_json(summary(each))
    elif found:
        console().print(tabulate(found))
    else:
        say(nothing)


def _time(value: str) -> datetime:
    return datetime.fromisoformat(value)


def _shown(value: str) -> str:
    return shown(_time(value))
