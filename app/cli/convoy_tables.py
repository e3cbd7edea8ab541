"""Convoy's endpoints, deliveries and events: tables for people, JSON for scripts."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from app.cli.terminal import MAX_WIDTH, TYPE_WIDTH, console, plain, say, say_json, span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.convoy_admin.calls import JsonObject


def say_endpoints(found: Sequence[JsonObject], *, as_json: bool) -> None:
    nothing = "No endpoint: make one with convoy setup --url …"
    _say(found, as_json, endpoint_summary, endpoints, nothing)


def say_deliveries(found: Sequence[JsonObject], now: datetime, *, as_json: bool) -> None:
    _say(found, as_json, delivery_summary, partial(deliveries, now=now), "No such delivery.")


def say_attempts(found: Sequence[JsonObject], *, as_json: bool) -> None:
    _say(found, as_json, attempt_summary, attempts, "No attempt yet.")


def say_event(event: JsonObject, *, as_json: bool) -> None:
    """One line. Only JSON has the resource's text."""
    if as_json:
        say_json(event_summary(event))
    else:
        say(event_line(event))


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
    table = _table("Endpoint, URL", Owner=24, Status=8)
    for each in map(endpoint_summary, found):
        first = f"{each['endpoint_id']}\n  {each['url']}"
        table.add_row(*map(plain, (first, each["owner"], each["status"])))
    return table


def delivery_summary(delivery: JsonObject) -> JsonObject:
    """`created_at` and `next_attempt_at` (None unless it will be tried again) are RFC 3339."""
    endpoint, metadata = delivery["endpoint_metadata"] or {}, delivery["metadata"]
    waits = delivery["status"] == "Retry"
    return {
        "delivery_id": delivery["uid"],
        "event_id": delivery["idempotency_key"],
        "type": delivery["event_type"],
        "endpoint_id": delivery["endpoint_id"],
        "url": endpoint.get("url", ""),
        "owner": endpoint.get("owner_id", ""),
        "status": delivery["status"],
        "attempts": metadata["num_trials"],
        "created_at": delivery["created_at"],
        "next_attempt_at": metadata["next_send_time"] if waits else None,
    }


def deliveries(found: Sequence[JsonObject], now: datetime) -> Table:
    table = _table("Event, delivery, URL", Type=TYPE_WIDTH, Status=10, Tries=5, Age=6)
    for each in map(delivery_summary, found):
        first = f"{each['event_id']}\n  {each['delivery_id']}\n  {each['url']}"
        status = each["status"]
        if each["next_attempt_at"]:
            left = (_time(each["next_attempt_at"]) - now).total_seconds()
            status += f" in\n{span(max(left, 0.0))}"
        age = span((now - _time(each["created_at"])).total_seconds())
        table.add_row(*map(plain, (first, each["type"], status, str(each["attempts"]), age)))
    return table


def attempt_summary(attempt: JsonObject) -> JsonObject:
    """`latency_ms` is None without an answer. Convoy leaves out fields that are false or empty."""
    asked, answered = attempt["requested_at"], attempt.get("responded_at")
    latency = (_time(answered) - _time(asked)).total_seconds() if answered else None
    return {
        "at": asked,
        "arrived": attempt.get("status", False),
        "answer": attempt.get("http_status") or attempt.get("error") or "none",
        "latency_ms": None if latency is None else round(latency * 1000, 1),
        "signature": attempt["request_http_header"].get("X-Convoy-Signature", ""),
    }


def attempts(found: Sequence[JsonObject]) -> Table:
    table = _table("Answer, signature", At=8, Latency=9)
    for each in map(attempt_summary, found):
        first = f"{each['answer']}\n  {each['signature']}"
        latency = "-" if each["latency_ms"] is None else f"{each['latency_ms']} ms"
        table.add_row(*map(plain, (first, _clock(each["at"]), latency)))
    return table


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
    at = _clock(event["created_at"])
    details = f"{event['idempotency_key'] or '-'}  {_about(data)}{duplicate}"
    return f"{at}  {event['event_type']:9}  {details}".rstrip()


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
    table: Callable[[Sequence[JsonObject]], Table],
    nothing: str,
) -> None:
    if as_json:
        for each in found:
            say_json(summary(each))
    elif found:
        console().print(table(found))
    else:
        say(nothing)


def _time(value: str) -> datetime:
    return datetime.fromisoformat(value)


def _clock(value: str) -> str:
    return _time(value).astimezone().strftime("%H:%M:%S")


def _table(first: str, **widths: int) -> Table:
    width = min(console().width, MAX_WIDTH)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, width=width)
    table.add_column(first, ratio=1, overflow="fold")
    for name, columns in widths.items():
        table.add_column(name, width=columns, overflow="fold")
    return table
