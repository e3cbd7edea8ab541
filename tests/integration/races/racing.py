"""Helpers of the races: a start at one instant, and Convoy's events afterwards."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.stand_in import Convoy
    from tests.support import JsonObject

T = TypeVar("T")

ON_DYNAMODB_LOCAL = pytest.mark.parametrize("dynamodb", ["dynamodb_local"], indirect=True)
"""Not on moto, whose transactions are not atomic for other threads."""

RACERS = 16
ROUNDS = 4
"""Each race is repeated: threads meet in another order each time."""

START_S = 10.0


def race(racers: Sequence[Callable[[], T]]) -> list[T | BaseException]:
    """Run all at once, each in a thread; gives their results or exceptions, in their order."""
    line = threading.Barrier(len(racers))

    def run(racer: Callable[[], T]) -> T:
        line.wait(START_S)
        return racer()

    with ThreadPoolExecutor(len(racers)) as threads:
        runs = [threads.submit(run, racer) for racer in racers]
    return [run.exception() or run.result() for run in runs]


def of(kind: type[T], outcomes: Sequence[object]) -> list[T]:
    return [outcome for outcome in outcomes if isinstance(outcome, kind)]


def events_of(convoy: Convoy, todo_id: int) -> list[JsonObject]:
    """Convoy's events of one todo, in the order of the todo's versions."""
    payloads = [data for data in convoy.payloads() if data.get("todo", {}).get("id") == todo_id]
    return sorted(payloads, key=lambda data: int(data["todo"]["version"]))


def changes(convoy: Convoy) -> list[str]:
    """The ids of Convoy's events of changes: each still has its row in the outbox."""
    return sorted(data["id"] for data in convoy.payloads() if "todo" in data)
