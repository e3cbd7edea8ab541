"""What there is before and after a crash: changes, what DynamoDB holds, what was received."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, get_args

from app.outbox.attempts import MAX_REFUSALS
from app.resources.todo import TODO
from app.wiring import clients
from tests.integration.faults.victims import Call
from tests.support import OWNER, TABLES, make_outbox, make_store

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient
    from starlette.testclient import TestClient

    from app.outbox.relay import Relay
    from infra.fake_convoy.queues import Queue
    from tests.receiver import Receiver
    from tests.support import Convoy, Outbox

Method = Literal["POST", "PUT", "DELETE"]
METHODS: tuple[Method, ...] = get_args(Method)

Fact = tuple[str, int, int]
"""What an event tells: its type, the todo's id, the todo's version."""

LATER = timedelta(minutes=16)
"""Longer than any row waits after an attempt, and than it takes Convoy to do anything."""

MOST_PASSES = 10
"""Until nothing is left. A pause that Convoy asks for lasts four of them at the most."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """A change of one todo, which is at version 1 before it (POST: is not there)."""

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
class Ahead:
    """A clock that tests put forward. Convoy, the relay and the processes that die go by it."""

    by: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        return clients.now() + self.by


@dataclass(frozen=True, slots=True)
class World:
    """What there is once all have died, and the way back."""

    client: TestClient
    dynamodb: DynamoDBClient
    convoy: Convoy
    receiver: Receiver
    outbox: Outbox
    relay: Relay
    clock: Ahead

    def seed(self, mutations: list[Mutation]) -> list[Fact]:
        """Create the todos that these change; gives what was received of it."""
        created = [Mutation("POST", m.todo_id) for m in mutations if m.method != "POST"]
        assert all(mutation.call.send(self.client) == 201 for mutation in created)
        self.recover()
        return [mutation.fact for mutation in created]

    def change(self, mutations: list[Mutation]) -> list[Fact]:
        """Make them; gives what is to be received of it."""
        assert all(mutation.call.send(self.client) in {200, 201} for mutation in mutations)
        return [mutation.fact for mutation in mutations]

    def versions(self) -> dict[int, int]:
        """Of the todos that DynamoDB holds, without those that were deleted."""
        items = self.dynamodb.scan(TableName=TABLES["ResourcesTable"], ConsistentRead=True)["Items"]
        versions = {int(item["id"]["N"]): int(item["version"]["N"]) for item in items}
        return {todo_id: version for todo_id, version in versions.items() if todo_id >= 0}

    def refuse(self) -> None:
        """Convoy refuses every event, and has refused what waits as often as a row may wait."""
        self.convoy.fail(status=400, path="/events/fanout")
        table, now = make_outbox(self.dynamodb), self.clock.now()
        for _ in range(MAX_REFUSALS - 1):
            for row in self.outbox.rows():
                assert table.postpone(row, now=now, due_at=now, reason="400", refused=True)

    def convoy_loses(self, queue: Queue, jobs: int) -> None:
        """Its Redis is killed: so many jobs wait in this queue, and are gone."""
        self.convoy.wait_for_worker(queue)
        assert self.convoy.lose(queue) == jobs
        self.convoy.start_worker()

    def later(self) -> None:
        self.clock.by += LATER

    def recover(self) -> None:
        """Let Convoy work and the relay pass, until nothing is left to be done."""
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
        """What the receiver got, each fact under a key of its own, and once.

        Its state is what DynamoDB holds.
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
    """The versions of todos that these facts, in their order, leave behind."""
    versions: dict[int, int] = {}
    for event_type, todo_id, version in facts:
        versions[todo_id] = version
        if event_type == "deleted":
            del versions[todo_id]
    return versions
