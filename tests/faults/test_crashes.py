"""From the moment a mutation commits, its event reaches Convoy at least once, under one key.

Each test kills the process (SIGKILL) that makes the change or that publishes it, lets a relay run
when the grace period is over, and compares what DynamoDB holds with what Convoy was told.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import pytest

from tests.faults.victims import Call, Step
from tests.support import TABLES

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from starlette.testclient import TestClient

    from app.relay import Relay
    from tests.faults.conftest import Crash
    from tests.support import Convoy, Outbox

Method = Literal["POST", "PUT", "DELETE"]
METHODS: tuple[Method, ...] = get_args(Method)

Fact = tuple[str, int, int]
"""What an event tells: its type, the todo's id, the todo's version."""

BEFORE_COMMIT = [Step("commit", "before"), Step("commit", "cut")]
AFTER_COMMIT = [
    Step("commit", "sent"),
    Step("commit", "after"),
    Step("publish", "cut"),
    Step("publish", "sent"),
    Step("publish", "after"),
    Step("ack", "cut"),
    Step("ack", "sent"),
    Step("ack", "after"),
]
RELAYING = [Step("publish", "before"), *AFTER_COMMIT[2:]]
POSTPONING = [
    Step("postpone", "before"),
    Step("postpone", "cut"),
    Step("postpone", "sent"),
    Step("postpone", "after"),
]


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
                return ("deleted", self.todo_id, 1)


ONE_OF_EACH = [Mutation(method, todo_id) for todo_id, method in enumerate(METHODS)]
TWO_OF_EACH = [Mutation(method, todo_id) for todo_id, method in enumerate(METHODS * 2)]


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
        """Of the todos that DynamoDB holds."""
        items = self.dynamodb.scan(TableName=TABLES["TodosTable"], ConsistentRead=True)["Items"]
        return {int(item["id"]["N"]): int(item["version"]["N"]) for item in items}

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


@pytest.fixture
def world(
    client: TestClient, dynamodb: DynamoDBClient, convoy: Convoy, outbox: Outbox, relay: Relay
) -> World:
    return World(client, dynamodb, convoy, outbox, relay)


def after(facts: list[Fact]) -> dict[int, int]:
    """The versions of todos that these facts, in their order, leave behind."""
    versions: dict[int, int] = {}
    for event_type, todo_id, version in facts:
        versions[todo_id] = version
        if event_type == "deleted":
            del versions[todo_id]
    return versions


@pytest.mark.parametrize("step", BEFORE_COMMIT, ids=str)
def test_a_crash_before_the_commit_was_sent_leaves_no_change_and_no_event(
    crash: Crash, world: World, step: Step
) -> None:
    seeded = world.seed(TWO_OF_EACH)

    crash.api(step, [mutation.call for mutation in TWO_OF_EACH])

    assert world.versions() == after(seeded)
    world.recover()
    assert world.told() == {*seeded}


@pytest.mark.parametrize("step", AFTER_COMMIT, ids=str)
def test_a_crash_after_the_commit_was_sent_loses_no_event_and_gives_none_two_keys(
    crash: Crash, world: World, step: Step
) -> None:
    seeded = world.seed(TWO_OF_EACH)
    changed = [mutation.fact for mutation in TWO_OF_EACH]

    crash.api(step, [mutation.call for mutation in TWO_OF_EACH])

    assert world.versions() == after(seeded + changed)
    world.recover()
    assert world.told() == {*seeded, *changed}


@pytest.mark.parametrize("step", BEFORE_COMMIT + AFTER_COMMIT, ids=str)
def test_a_request_that_comes_again_after_a_crash_is_one_change_with_one_event(
    crash: Crash, world: World, step: Step
) -> None:
    seeded = world.seed(ONE_OF_EACH)
    changed = [mutation.fact for mutation in ONE_OF_EACH]
    calls = [replace(m.call, key=f"key-{m.todo_id}") for m in ONE_OF_EACH]

    crash.api(step, calls)
    assert [call.send(world.client) for call in calls] == [201, 200, 200]

    assert world.versions() == after(seeded + changed)
    world.recover()
    assert world.told() == {*seeded, *changed}


@pytest.mark.parametrize("moment", ["sent", "after"])
def test_a_crash_of_the_api_while_convoy_is_down_loses_no_event(
    crash: Crash, world: World, moment: Literal["sent", "after"]
) -> None:
    seeded = world.seed(ONE_OF_EACH)
    changed = [mutation.fact for mutation in ONE_OF_EACH]
    world.convoy.fail(status=503)

    crash.api(Step("publish", moment), [mutation.call for mutation in ONE_OF_EACH])

    assert world.told() == {*seeded}
    world.recover()
    assert world.told() == {*seeded, *changed}


@pytest.mark.parametrize("nth", [1, 3])
@pytest.mark.parametrize("step", RELAYING + POSTPONING, ids=str)
def test_a_crash_of_the_relay_loses_no_event_and_gives_none_two_keys(
    crash: Crash, world: World, step: Step, nth: int
) -> None:
    seeded = world.seed(ONE_OF_EACH)
    changed = [mutation.fact for mutation in ONE_OF_EACH]
    world.convoy.fail(status=503)
    assert [m.call.send(world.client) for m in ONE_OF_EACH] == [201, 200, 200]
    if step not in POSTPONING:
        world.convoy.recover()

    crash.relay(replace(step, nth=nth))

    world.recover()
    assert world.told() == {*seeded, *changed}


def test_crash_upon_crash_loses_no_event_and_gives_none_two_keys(
    crash: Crash, world: World
) -> None:
    """The API dies after each commit, and each time a relay dies at another step."""
    update = Mutation("PUT", 1)
    seeded = world.seed([update])

    for step in RELAYING:
        crash.api(Step("commit", "after"), [update.call])
        crash.relay(step)

    updated = [("updated", 1, version) for version in range(2, len(RELAYING) + 2)]
    assert world.versions() == after(seeded + updated)
    world.recover()
    assert world.told() == {*seeded, *updated}
