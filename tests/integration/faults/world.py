"""The state before and after a crash: changes, DynamoDB's data, received events."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, get_args

from app.outbox.relay_attempts import MAX_REFUSALS
from app.wiring import clock
from tests.integration.faults.killed_processes import Call
from tests.support import OWNER
from tests.tables import TABLES, make_outbox, make_store
from tests.todo import TODO

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient
    from starlette.testclient import TestClient

    from app.outbox.relay import Relay
    from infra.fake_convoy.queues import Queue
    from tests.receiver import Receiver
    from tests.stand_in import Convoy
    from tests.tables import Outbox

Method = Literal["POST", "PUT", "DELETE"]
METHODS: tuple[Method, ...] = get_args(Method)

Fact = tuple[str, int, int]
"""An event's type, the todo's id, the todo's version."""

LATER = timedelta(minutes=16)
"""Longer than any row waits after an attempt, and than any job of Convoy takes."""

MOST_PASSES = 10
"""Passes until the outbox must be empty. A pause that Convoy asks for lasts at most four passes."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """A change of one todo, which has version 1 before it (POST: does not exist)."""

    method: Method
    todo_id: int

    @property
    def call(self) -> Call:
        path = f"/todo/{self.todo_id}"
        match self.method:
            case "POST":
                return Call("POST", "/todo", {"id": self.todo_id, "item": "new"})
            case "PUT":
                return Call("PUT", path, {"item": "changed"})
            case "DELETE":
                return Call("DELETE", path)

    @property
    def fact(self) -> Fact:
        match self.method:
            case "POST":
                return ("created", self.todo_id, 1)
            case "PUT":
                return ("updated", self.todo_id, 2)
            case "DELETE":
                return ("deleted", self.todo_id, 2)


@dataclass(slots=True)
class ShiftedClock:
    """A clock that tests put forward, for Convoy, the relay and the killed processes."""

    by: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        return clock.now() + self.by


@dataclass(frozen=True, slots=True)
class CrashWorld:
    """The API, the relay, Convoy and the data, after other processes were killed."""

    client: TestClient
    dynamodb: DynamoDBClient
    convoy: Convoy
    receiver: Receiver
    outbox: Outbox
    relay: Relay
    clock: ShiftedClock

    def seed(self, mutations: list[Mutation]) -> list[Fact]:
        """Create the todos of these mutations; gives the received facts."""
        created = [Mutation("POST", m.todo_id) for m in mutations if m.method != "POST"]
        assert all(mutation.call.send(self.client) == 201 for mutation in created)
        self.recover()
        return [mutation.fact for mutation in created]

    def change(self, mutations: list[Mutation]) -> list[Fact]:
        """Make these changes; gives the facts that must be received."""
        assert all(mutation.call.send(self.client) in {200, 201} for mutation in mutations)
        return [mutation.fact for mutation in mutations]

    def versions(self) -> dict[int, int]:
        """The versions of the todos in DynamoDB, without deleted ones."""
        items = self.dynamodb.scan(TableName=TABLES["ResourcesTable"], ConsistentRead=True)["Items"]
        versions = {int(item["id"]["N"]): int(item["version"]["N"]) for item in items}
        return {todo_id: version for todo_id, version in versions.items() if todo_id >= 0}

    def refuse(self) -> None:
        """Let Convoy refuse every event, and let each row be one refusal away from being parked."""
        self.convoy.fail(status=400, path="/events/fanout")
        table, now = make_outbox(self.dynamodb), self.clock.now()
        for row in self.outbox.rows():
            nearly = replace(row, refusals=MAX_REFUSALS - 2)
            assert table.postpone(nearly, now=now, due_at=now, reason="400", refused=True)

    def convoy_loses(self, queue: Queue, jobs: int) -> None:
        """Lose the jobs of this queue, as when Redis is killed; checks their number."""
        self.convoy.wait_for_worker(queue)
        assert self.convoy.lose(queue) == jobs
        self.convoy.start_worker()

    def later(self) -> None:
        self.clock.by += LATER

    def recover(self) -> None:
        """Let Convoy and the relay work until nothing is left to do."""
        self.convoy.recover()
        self.convoy.start_worker()
        for _ in range(MOST_PASSES):
            self.later()
            self.convoy.wait_for_worker()
            report = self.relay.run()
            hung = report.deliveries is None or report.deliveries.retried
            if not (report.pending or report.failed or report.stopped or hung):
                break
        else:
            raise AssertionError(report)
        assert self.outbox.event_ids() == []
        self.convoy.wait_for_worker()

    def received_keys(self) -> int:
        return len(self.receiver.times())

    def received(self) -> set[Fact]:
        """The received facts. Checks that each came once, under its own key.

        Checks also that the receiver's todos are DynamoDB's.
        """
        keys: dict[Fact, list[str]] = defaultdict(list)
        for arrival in self.receiver.arrivals:
            todo = arrival.data["todo"]
            assert arrival.key == arrival.data["id"]
            event_type = arrival.data["event"].removeprefix("todo.")
            keys[event_type, todo["id"], todo["version"]].append(arrival.key)
        assert {fact: its for fact, its in keys.items() if len(its) > 1} == {}
        assert len({its[0] for its in keys.values()}) == len(keys)
        held = make_store(self.dynamodb).page(OWNER, limit=1000, after=None).found
        assert self.receiver.todos(OWNER) == [TODO.public(todo) for todo in held]
        return set(keys)


def after(facts: list[Fact]) -> dict[int, int]:
    """The todos' versions after these facts, in their order."""
    versions: dict[int, int] = {}
    for event_type, todo_id, version in facts:
        versions[todo_id] = version
        if event_type == "deleted":
            del versions[todo_id]
    return versions
