"""What the races share: a start at one instant, and a look at what came of it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.support import Convoy, Json

T = TypeVar("T")

ON_DYNAMODB_LOCAL = pytest.mark.parametrize("dynamodb", ["dynamodb_local"], indirect=True)
"""moto is no place to race: its transactions are not atomic to other threads."""

RACERS = 16
ROUNDS = 4
"""Each race is run so often: what threads do at once is not the same twice."""

START_S = 10.0


def race(racers: Sequence[Callable[[], T]]) -> list[T | BaseException]:
    """Run all at once, a thread each; gives what each returned or raised, in their order."""
    line = threading.Barrier(len(racers))

    def run(racer: Callable[[], T]) -> T:
        line.wait(START_S)
        return racer()

    with ThreadPoolExecutor(len(racers)) as threads:
        runs = [threads.submit(run, racer) for racer in racers]
    return [run.exception() or run.result() for run in runs]


def of(kind: type[T], outcomes: Sequence[object]) -> list[T]:
    return [outcome for outcome in outcomes if isinstance(outcome, kind)]


def events_of(convoy: Convoy, todo_id: int) -> list[Json]:
    """What Convoy got of one todo, in the order of the todo's versions."""
    payloads = [data for data in convoy.payloads() if data.get("todo", {}).get("id") == todo_id]
    return sorted(payloads, key=lambda data: int(data["todo"]["version"]))


def changes(convoy: Convoy) -> list[str]:
    """The ids of the changes that Convoy got: each has its row of the outbox still."""
    return sorted(data["id"] for data in convoy.payloads() if "todo" in data)
