"""What the stand-in's project holds, and how it is told to fail."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Json = dict[str, Any]


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
class Project:
    """What Convoy's database would hold; `journal` is a file that its events outlive a kill in."""

    journal: Path | None = None
    events: list[Json] = field(default_factory=list)
    endpoints: list[Json] = field(default_factory=list)
    subscriptions: list[Json] = field(default_factory=list)
    event_types: list[Json] = field(default_factory=list)
    fault: Fault | None = None
    keys: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        if self.journal is not None and self.journal.exists():
            for line in self.journal.read_text().splitlines():
                self._keep(json.loads(line))

    def _keep(self, event: Json) -> None:
        self.events.append(event)
        self.keys.add(event["idempotency_key"])

    def receive(self, message: Json) -> bool:
        """Store a fanned-out event; True if its idempotency key is new to the project."""
        key = message.get("idempotency_key") or ""
        duplicate = bool(key) and key in self.keys
        owner = message["owner_id"]
        event = {
            "uid": uid(),
            "received_at": now(),
            "owner_id": owner,
            "event_type": message["event_type"],
            "idempotency_key": key,
            "is_duplicate_event": duplicate,
            "endpoints": [e["uid"] for e in self.endpoints if e["owner_id"] == owner],
            "data": message["data"],
        }
        if self.journal is not None:
            with self.journal.open("a") as journal:
                journal.write(json.dumps(event) + "\n")
        self._keep(event)
        return not duplicate

    def next_fault(self) -> Fault | None:
        fault = self.fault
        if fault is not None and fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.fault = None
        return fault


def uid() -> str:
    return secrets.token_hex(13).upper()


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
