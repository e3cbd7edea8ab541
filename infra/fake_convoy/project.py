"""What the stand-in's project holds, who is told of its changes, and how it is told to fail."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from starlette.requests import Request

Json = dict[str, Any]


EVERY_TYPE: Json = {
    "uid": "EVERY", "name": "*", "category": "", "description": "", "json_schema": {},
    "deprecated_at": None,
}  # fmt: skip
"""An event type that each project is born with."""


@dataclass
class Fault:
    """How to fail the next `times` calls of the API (None: all): wait, then reset or answer.

    A call that is reset or answered so is not looked at; with neither, it is only late. With
    `lose_answer` it is dealt with as ever, and reset in place of its answer.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = '{"status":false,"message":"told to fail"}'
    delay_s: float = 0.0
    reset: bool = False
    lose_answer: bool = False
    times: int | None = None


@dataclass
class Changes:
    """What has changed since one last looked; an event that changed twice is there once."""

    events: dict[str, Json] = field(default_factory=dict)
    receiver: bool = False
    cleared: bool = False
    ended: bool = False


NOTHING = Changes()


class Watch:
    def __init__(self) -> None:
        self.changes = Changes()
        self._some = asyncio.Event()

    def noted(self) -> None:
        self._some.set()

    async def some(self) -> None:
        """Until there are changes to take."""
        await self._some.wait()

    def take(self) -> Changes:
        taken, self.changes = self.changes, Changes()
        self._some.clear()
        return taken


class Feed:
    """Tells those who watch what has changed, from the one thread that all runs on."""

    def __init__(self) -> None:
        self._watches: set[Watch] = set()

    @contextmanager
    def watched(self) -> Iterator[Watch]:
        watch = Watch()
        self._watches.add(watch)
        try:
            yield watch
        finally:
            self._watches.discard(watch)

    def event(self, event: Json) -> None:
        for watch in self._watches:
            watch.changes.events[event["uid"]] = event
            watch.noted()

    def receiver(self) -> None:
        for watch in self._watches:
            watch.changes.receiver = True
            watch.noted()

    def cleared(self) -> None:
        for watch in self._watches:
            watch.changes = Changes(cleared=True, receiver=True)
            watch.noted()

    def end(self) -> None:
        for watch in self._watches:
            watch.changes.ended = True
            watch.noted()


@dataclass
class Project:
    """What Convoy's database would hold; `journal` is a file that its events outlive a kill in."""

    journal: Path | None = None
    events: dict[str, Json] = field(default_factory=dict)
    """By their uids, oldest first; so are endpoints and deliveries."""
    endpoints: dict[str, Json] = field(default_factory=dict)
    subscriptions: list[Json] = field(default_factory=list)
    event_types: list[Json] = field(default_factory=lambda: [dict(EVERY_TYPE)])
    deliveries: dict[str, Json] = field(default_factory=dict)
    deliveries_of: dict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))
    """By their event's uid."""
    attempts_of: dict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))
    """By their delivery's uid."""
    verdicts: dict[str, bool] = field(default_factory=dict)
    """Whether an attempt's signature verifies, by its uid."""
    fault: Fault | None = None
    keys: set[str] = field(default_factory=set)
    feed: Feed = field(default_factory=Feed)

    def __post_init__(self) -> None:
        if self.journal is not None and self.journal.exists():
            for line in self.journal.read_text().splitlines():
                self._keep(json.loads(line))

    def _keep(self, event: Json) -> None:
        event["number"] = len(self.events) + 1
        self.events[event["uid"]] = event
        self.keys.add(event["idempotency_key"])

    def receive(self, message: Json, raw: str) -> Json:
        """Store a fanned-out event: a duplicate if its idempotency key is known to the project.

        `raw` is its `data` as it was published.
        """
        key = message.get("idempotency_key") or ""
        owner = message["owner_id"]
        headers = message.get("custom_headers") or {}
        event = {
            "uid": uid(),
            "created_at": now(),
            "owner_id": owner,
            "event_type": message["event_type"],
            "idempotency_key": key,
            "is_duplicate_event": bool(key) and key in self.keys,
            "endpoints": [
                uid for uid, endpoint in self.endpoints.items() if endpoint.get("owner_id") == owner
            ],
            "headers": {name: [value] for name, value in headers.items()},
            "data": message["data"],
            "raw": raw,
        }
        if self.journal is not None:
            with self.journal.open("a") as journal:
                journal.write(json.dumps(event) + "\n")
        self._keep(event)
        self.feed.event(event)
        return event

    def deliver(self, delivery: Json) -> None:
        self.deliveries[delivery["uid"]] = delivery
        self.deliveries_of[delivery["event_id"]].append(delivery)

    def subscribed(self, event: Json) -> list[Json]:
        """The endpoints that an event is for. Without a subscription one gets nothing."""
        subscribers = {each["endpoint_metadata"]["uid"] for each in self.subscriptions}
        return [self.endpoints[uid] for uid in event["endpoints"] if uid in subscribers]

    def clear(self) -> None:
        """Forget all but the journal, and those who listen."""
        self.__dict__.update(vars(Project()) | {"journal": self.journal, "feed": self.feed})
        self.feed.cleared()

    def next_fault(self) -> Fault | None:
        fault = self.fault
        if fault is not None and fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.fault = None
        return fault


def project_of(request: Request) -> Project:
    project: Project = request.app.state.project
    return project


def uid() -> str:
    return secrets.token_hex(13).upper()


def utc_now() -> datetime:
    return datetime.now(UTC)


def now() -> str:
    return told(utc_now())


def told(at: datetime) -> str:
    """A time as Convoy tells it."""
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
