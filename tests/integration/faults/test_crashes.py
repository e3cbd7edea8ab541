"""Every committed event is received, whichever process is killed, at whatever step.

Each test kills (SIGKILL) the process that makes the change, or the relay. Afterwards a relay works
until the outbox is empty. Then the received events are compared with DynamoDB: each event once,
under one key.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, get_args

import pytest

from app.outbox.rows import FAILED
from tests.integration.faults.killed_processes import Moment, Step
from tests.integration.faults.world import METHODS, Mutation, after

if TYPE_CHECKING:
    from infra.fake_convoy.queues import Queue
    from tests.integration.faults.conftest import Crash
    from tests.integration.faults.killed_processes import Name
    from tests.integration.faults.world import CrashWorld

MOMENTS: tuple[Moment, ...] = get_args(Moment)


def steps(*calls: Name, nth: int = 1) -> list[Step]:
    return [Step(call, moment, nth) for call in calls for moment in MOMENTS]


BEFORE_COMMIT = [Step("commit", "before"), Step("commit", "cut")]
AFTER_COMMIT = [Step("commit", "sent"), Step("commit", "after"), *steps("publish")]
RELAYING = steps("newest", "under") + steps("publish", "postpone", nth=3)

LOST: list[Queue] = ["intake", "matching", "deliveries", "attempts"]
"""The queues that Convoy can lose after its 201: of events, of deliveries, of attempts."""

ONE_OF_EACH = [Mutation(method, todo_id) for todo_id, method in enumerate(METHODS)]
TWO_OF_EACH = [Mutation(method, todo_id) for todo_id, method in enumerate(METHODS * 2)]


@pytest.mark.parametrize("step", BEFORE_COMMIT, ids=str)
def test_a_crash_before_the_commit_leaves_no_change_and_no_event(
    crash: Crash, world: CrashWorld, step: Step
) -> None:
    seeded = world.seed(TWO_OF_EACH)

    crash.api(step, [mutation.call for mutation in TWO_OF_EACH])

    assert world.versions() == after(seeded)
    world.recover()
    assert world.received() == {*seeded}


@pytest.mark.parametrize("step", AFTER_COMMIT, ids=str)
def test_a_crash_after_the_commit_loses_no_event_and_uses_one_key(
    crash: Crash, world: CrashWorld, step: Step
) -> None:
    seeded = world.seed(TWO_OF_EACH)
    changed = [mutation.fact for mutation in TWO_OF_EACH]

    crash.api(step, [mutation.call for mutation in TWO_OF_EACH])

    assert world.versions() == after(seeded + changed)
    world.recover()
    assert world.received() == {*seeded, *changed}


@pytest.mark.parametrize("queue", LOST)
def test_a_crash_of_the_api_and_a_lost_queue_lose_no_event(
    crash: Crash, world: CrashWorld, queue: Queue
) -> None:
    seeded = world.seed(TWO_OF_EACH)
    changed = [mutation.fact for mutation in TWO_OF_EACH]
    world.convoy.stop_worker(queue)

    crash.api(Step("publish", "after"), [mutation.call for mutation in TWO_OF_EACH])
    world.convoy_loses(queue, len(TWO_OF_EACH))

    assert world.received_keys() == len(seeded)
    world.recover()
    assert world.received() == {*seeded, *changed}


@pytest.mark.parametrize("step", BEFORE_COMMIT + AFTER_COMMIT, ids=str)
def test_a_request_repeated_after_a_crash_is_one_change_with_one_event(
    crash: Crash, world: CrashWorld, step: Step
) -> None:
    seeded = world.seed(ONE_OF_EACH)
    changed = [mutation.fact for mutation in ONE_OF_EACH]
    calls = [replace(m.call, key=f"key-{m.todo_id}") for m in ONE_OF_EACH]

    crash.api(step, calls)
    assert [call.send(world.client) for call in calls] == [201, 200, 200]

    assert world.versions() == after(seeded + changed)
    world.recover()
    assert world.received() == {*seeded, *changed}


@pytest.mark.parametrize(
    "step",
    [Step("publish", "sent"), Step("publish", "after"), *steps("postpone")],
    ids=str,
)
def test_a_crash_of_the_api_while_convoy_is_down_loses_no_event(
    crash: Crash, world: CrashWorld, step: Step
) -> None:
    seeded = world.seed(ONE_OF_EACH)
    changed = [mutation.fact for mutation in ONE_OF_EACH]
    world.convoy.fail(status=503)

    crash.api(step, [mutation.call for mutation in ONE_OF_EACH])

    assert world.received_keys() == len(seeded)
    world.recover()
    assert world.received() == {*seeded, *changed}


@pytest.mark.parametrize("step", RELAYING, ids=str)
def test_a_crash_of_the_relay_loses_no_event_and_uses_one_key(
    crash: Crash, world: CrashWorld, step: Step
) -> None:
    """The relay publishes the events that the requests could not publish."""
    seeded = world.seed(ONE_OF_EACH)
    world.convoy.fail(status=503)
    changed = world.change(ONE_OF_EACH)
    world.convoy.recover()
    world.later()

    crash.relay(step)

    world.recover()
    assert world.received() == {*seeded, *changed}


@pytest.mark.parametrize("step", steps("publish", "postpone", nth=3), ids=str)
def test_a_crash_of_the_relay_in_an_outage_loses_no_event(
    crash: Crash, world: CrashWorld, step: Step
) -> None:
    seeded = world.seed(ONE_OF_EACH)
    world.convoy.fail(status=503, path="/events/fanout")
    changed = world.change(ONE_OF_EACH)
    world.later()

    crash.relay(step)

    world.recover()
    assert world.received() == {*seeded, *changed}


HEALING: list[tuple[Queue, Step]] = [
    *(("intake", step) for step in steps("between")),
    *(("intake", step) for step in steps("publish", "postpone", nth=3)),
    *(("matching", step) for step in steps("replay", "postpone", nth=3)),
    *(("deliveries", step) for step in steps("remove", "retry_hung")),
    *(("attempts", step) for step in steps("retry_hung")),
]


@pytest.mark.parametrize(("queue", "step"), HEALING, ids=str)
def test_a_crash_of_the_relay_that_heals_a_lost_queue_loses_no_event(
    crash: Crash, world: CrashWorld, queue: Queue, step: Step
) -> None:
    seeded = world.seed(TWO_OF_EACH)
    world.convoy.stop_worker(queue)
    changed = world.change(TWO_OF_EACH)
    world.convoy_loses(queue, len(TWO_OF_EACH))
    world.later()

    crash.relay(step)

    world.recover()
    assert world.received() == {*seeded, *changed}


@pytest.mark.parametrize("queue", LOST)
def test_a_killed_relays_publish_that_convoy_lost_is_published_again(
    crash: Crash, world: CrashWorld, queue: Queue
) -> None:
    seeded = world.seed(ONE_OF_EACH)
    world.convoy.fail(status=503)
    changed = world.change(ONE_OF_EACH)
    world.convoy.recover()
    world.convoy.stop_worker(queue)
    world.later()

    crash.relay(Step("publish", "after", 3))
    world.convoy.wait_for_worker(queue)
    assert world.convoy.lose(queue) > 0
    world.convoy.start_worker()

    world.recover()
    assert world.received() == {*seeded, *changed}


@pytest.mark.parametrize("step", steps("park", nth=3), ids=str)
def test_a_crash_while_the_relay_parks_loses_no_event(
    crash: Crash, world: CrashWorld, step: Step
) -> None:
    seeded = world.seed(ONE_OF_EACH)
    world.convoy.fail(status=503)
    changed = world.change(ONE_OF_EACH)
    world.refuse()
    waited = world.outbox.rows()

    crash.relay(step)

    rows = world.outbox.rows()
    parked = [row for row in rows if row.state == FAILED]
    assert {row.event.id for row in rows} == {row.event.id for row in waited}
    assert {row.reason for row in parked} <= {"400: injected fault"}
    assert parked or step.moment in {"before", "cut"}
    assert world.received_keys() == len(seeded)
    world.outbox.redrive_all(now=world.clock.now())
    world.recover()
    assert world.received() == {*seeded, *changed}


DEATHS = [
    Step("newest", "sent"),
    Step("under", "cut"),
    *steps("publish"),
    Step("postpone", "before"),
    Step("remove", "before"),
    Step("remove", "after"),
]


def test_repeated_crashes_lose_no_event_and_use_one_key(crash: Crash, world: CrashWorld) -> None:
    """The API is killed after each commit, and a relay each time at another step."""
    update = Mutation("PUT", 1)
    seeded = world.seed([update])

    for step in DEATHS:
        crash.api(Step("commit", "after"), [update.call])
        world.later()
        crash.relay(step)

    updated = [("updated", 1, version) for version in range(2, len(DEATHS) + 2)]
    assert world.versions() == after(seeded + updated)
    world.recover()
    assert world.received() == {*seeded, *updated}
