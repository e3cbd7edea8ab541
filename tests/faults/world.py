"""What there is before and after a crash: changes, what DynamoDB holds, what Convoy was told."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from app.outbox.relay import MAX_REFUSALS
from tests.faults.victims import Call
from tests.support import TABLES, make_outbox

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from starlette.testclient import TestClient

    from app.outbox.relay import Relay
    from tests.support import Convoy, Outbox

Method = Literal["POST", "PUT", "DELETE"]
METHODS: tuple[Method, ...] = get_args(Method)

Fact = tuple[str, int, int]
"""What an event tells: its type, the todo's id, the todo's version."""


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


@dataclass(frozen=True, slots=True)
class World:
    """What there is once all have died, and the way back."""

    client: TestClient
    dynamodb: DynamoDBClient
    convoy: Convoy
    outbox: Outbox
    relay: Relay

    def seed(self, mutations: list[Mutation]) -> list[Fact]:
        """Create the todos that these change; gives what Convoy was told of it."""
        created = [Mutation("POST", m.todo_id) for m in mutations if m.method != "POST"]
        assert all(mutation.call.send(self.client) == 201 for mutation in created)
        return [mutation.fact for mutation in created]

    def versions(self) -> dict[int, int]:
        """Of the todos that DynamoDB holds, without those that were deleted."""
        items = self.dynamodb.scan(TableName=TABLES["TodosTable"], ConsistentRead=True)["Items"]
        versions = {int(item["id"]["N"]): int(item["version"]["N"]) for item in items}
        return {todo_id: version for todo_id, version in versions.items() if todo_id >= 0}

    def refuse(self) -> None:
        """Convoy refuses everything, and has refused what waits as often as a row may wait."""
        self.convoy.fail(status=400)
        table = make_outbox(self.dynamodb)
        for _ in range(MAX_REFUSALS - 1):
            for row in self.outbox.rows():
                assert table.postpone(row, due_at=row.due_at, reason="400", refused=True)

    def recover(self) -> None:
        self.convoy.recover()
        report = self.relay.run()
        assert (report.pending, report.failed, report.stopped) == (0, 0, None)
        assert self.outbox.event_ids() == []

    def told(self) -> set[Fact]:
        """What Convoy was told, each fact under a key of its own."""
        keys: dict[Fact, set[str]] = defaultdict(set)
        for event in self.convoy.events():
            todo = event["data"]["todo"]
            assert event["idempotency_key"] == event["data"]["id"]
            keys[event["event_type"], todo["id"], todo["version"]].add(event["idempotency_key"])
        assert [fact for fact, its in keys.items() if len(its) > 1] == []
        assert len(set().union(*keys.values())) == len(keys)
        return set(keys)


def after(facts: list[Fact]) -> dict[int, int]:
    """The versions of todos that these facts, in their order, leave behind."""
    versions: dict[int, int] = {}
    for event_type, todo_id, version in facts:
        versions[todo_id] = version
        if event_type == "deleted":
            del versions[todo_id]
    return versions
