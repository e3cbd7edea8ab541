"""From the moment a mutation commits, its event reaches Convoy at least once, under one key.

Each test kills the process (SIGKILL) that makes the change or that publishes it, lets a relay run
when the grace period is over, and compares what DynamoDB holds with what Convoy was told.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import pytest

from app.outbox.rows import FAILED
from tests.faults.victims import LATER, Step
from tests.faults.world import METHODS, Mutation, after

if TYPE_CHECKING:
    from tests.faults.conftest import Crash
    from tests.faults.world import World

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
PARKING = [replace(step, call="park") for step in POSTPONING]


ONE_OF_EACH = [Mutation(method, todo_id) for todo_id, method in enumerate(METHODS)]
TWO_OF_EACH = [Mutation(method, todo_id) for todo_id, method in enumerate(METHODS * 2)]


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


@pytest.mark.parametrize("nth", [1, 3])
@pytest.mark.parametrize("step", PARKING, ids=str)
def test_a_crash_of_the_relay_that_parks_loses_no_event_and_gives_none_two_keys(
    crash: Crash, world: World, step: Step, nth: int
) -> None:
    seeded = world.seed(ONE_OF_EACH)
    changed = [mutation.fact for mutation in ONE_OF_EACH]
    world.convoy.fail(status=503)
    assert [m.call.send(world.client) for m in ONE_OF_EACH] == [201, 200, 200]
    world.refuse()
    waited = world.outbox.rows()

    crash.relay(replace(step, nth=nth))

    rows = world.outbox.rows()
    parked = [row for row in rows if row.state == FAILED]
    assert {row.event.id for row in rows} == {row.event.id for row in waited}
    assert {row.reason for row in parked} <= {"400: told to fail"}
    assert parked or step.moment in {"before", "cut"}
    assert world.told() == {*seeded}
    world.outbox.redrive_all(now=LATER)
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
