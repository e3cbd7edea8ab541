"""Compares the committed changes with the clients' answers and the received events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.wiring.clock import now
from benchmarks.soak.receiver import Arrivals
from benchmarks.soak.relay import Healed
from benchmarks.soak.stack import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.domain.events import Event
    from app.wiring.api import Components
    from benchmarks.soak.clients import Answers
    from benchmarks.soak.stack import Stack

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`committed`: events of the log by id; `by_key`: ids of events by Idempotency-Key."""

    answers: Answers
    committed: dict[str, Event]
    by_key: dict[str, str]
    todos: dict[int, JsonObject]
    arrivals: Arrivals
    healed: Healed

    @classmethod
    def now(cls, answers: Answers, stack: Stack, components: Components) -> Outcome:
        return cls(
            answers,
            committed(components),
            {row["key"]["S"]: row["event_id"]["S"] for row in rows(components, "IdempotencyTable")},
            dict(todos(components)),
            Arrivals.read(stack.arrivals),
            Healed.read(stack.notes),
        )

    def lost(self) -> set[str]:
        return self.committed.keys() - self.arrivals.times.keys()

    def wrong(self) -> dict[str, set[str]]:
        """Everything that must not happen, by name."""
        came, kept = self.arrivals.todos(), self.todos
        events, known = self.arrivals.events, self.answers.events
        return {
            "lost at the receiver": self.lost(),
            "received, never committed": self.arrivals.times.keys() - self.committed.keys(),
            "received with another payload than committed": {
                key
                for key in events.keys() & self.committed.keys()
                if events[key] != self.committed[key].data
            },
            "todos that differ between the receiver and DynamoDB": {
                f"{each}: {came.get(each)} received, {kept.get(each)} in DynamoDB"
                for each in came.keys() | kept.keys()
                if came.get(each) != kept.get(each)
            },
            "answered to a client, not committed under its key": {
                key for key, event_id in known.items() if self.by_key.get(key) != event_id
            },
            "committed under a key, and not in the log": set(self.by_key.values())
            - self.committed.keys(),
        }

    def longest_s(self) -> float:
        """The most seconds from a commit to the first arrival of its event."""
        waits = (
            first - self.committed[key].occurred_at.timestamp()
            for key, first in self.arrivals.first.items()
            if key in self.committed
        )
        return max(waits, default=0.0)

    def lines(self) -> Iterator[tuple[str, object]]:
        outcomes, arrivals, healed = self.answers.outcomes, self.arrivals, self.healed
        republished = healed.published.keys() & self.answers.accepted
        other_keys = {key for key in healed.published if "." in key}
        yield "requests", outcomes.total()
        yield "  by outcome", dict(sorted(outcomes.items()))
        yield "committed", len(self.committed)
        yield "  accepted or pending", dict(sorted(self.answers.statuses.items()))
        yield "  answer lost", len(self.by_key.keys() - self.answers.events.keys())
        yield "received", len(arrivals.times)
        yield "  duplicates", arrivals.times.total() - len(arrivals.times)
        yield "lost at the receiver", len(self.lost())
        yield "healed: republished after a 201", len(republished)
        first = healed.published.keys() - republished - other_keys
        yield "  published first by the relay", len(first)
        yield "  published under another key", len(other_keys)
        yield "  events replayed", len(healed.replayed)
        yield "  deliveries retried", healed.retried
        yield "longest from commit to receipt", f"{self.longest_s():.1f} s"

    def report(self) -> list[str]:
        """Print the counts; gives what must not happen."""
        for name, value in self.lines():
            print(f"{name:34}{value}")
        found = [f"{name}: {sorted(ids)[:10]}" for name, ids in self.wrong().items() if ids]
        return found if self.answers.events else [*found, "no change was made"]


def committed(components: Components) -> dict[str, Event]:
    """Every event of the log, by id."""
    pages = components.events.since(datetime(2020, 1, 1, tzinfo=UTC), now=now())
    return {event.id: event for page in pages for event in page}


def todos(components: Components) -> Iterator[tuple[int, JsonObject]]:
    """The todos in DynamoDB, with their ids. Ids below 0 are tombstones."""
    for item in rows(components, "ResourcesTable"):
        todo_id = int(item["id"]["N"])
        if todo_id >= 0:
            yield (
                todo_id,
                {
                    "id": todo_id,
                    "item": item["item"]["S"],
                    "completed": item["completed"]["BOOL"],
                    "version": int(item["version"]["N"]),
                },
            )


def rows(components: Components, table: str) -> Iterator[JsonObject]:
    scan = components.client.get_paginator("scan")
    for page in scan.paginate(TableName=TABLES[table], ConsistentRead=True):
        yield from page["Items"]
