"""The inbox's stream, as a test reads it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx

from tests.support import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stand_in import Convoy
    from tests.support import JsonObject

TODO = {"event": "todo.created", "todo": {"id": 42, "item": "Buy a ring", "version": 1}}
TEN_S = httpx.Timeout(10)


def send(convoy: Convoy, key: str, **about: Any) -> None:
    event = {"owner_id": "ann", "event_type": "created", "idempotency_key": key, "data": TODO}
    convoy.ask("POST", "/events/fanout", json=event | about)


def messages(answer: httpx.Response) -> Iterator[tuple[str, JsonObject]]:
    name = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def new_messages(answer: httpx.Response) -> Iterator[tuple[str, JsonObject]]:
    """The messages of a stream after its `ready`."""
    lines = messages(answer)
    while next(lines)[0] != "ready":
        pass
    return lines


def new_events(answer: httpx.Response) -> Iterator[JsonObject]:
    """The events of a stream after its `ready`."""
    return (data for name, data in new_messages(answer) if name == "event")


def first_messages(
    convoy: Convoy, count: int, search: str = "", state: str = ""
) -> list[tuple[str, JsonObject]]:
    """The first messages of a stream."""
    url, asked = f"{convoy.url}/inbox/stream", {"search": search, "state": state}
    with httpx.stream("GET", url, params=asked, timeout=TEN_S) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = messages(answer)
        return [next(lines) for _ in range(count)]


def row(key: str, **about: object) -> JsonObject:
    """A row of the outbox, as the stand-in reads it."""
    rows: JsonObject = {"event_id": key, "key": key, "event_type": "created", "data": {}}
    waits = {"due_at": NOW.isoformat(), "state": "waiting", "attempts": 0, "reason": ""}
    return rows | waits | about
