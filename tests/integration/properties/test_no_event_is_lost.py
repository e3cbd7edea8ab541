"""Whatever happens: what was committed is what the receiver holds in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from app.outbox.attempts import MAX_REFUSALS
from tests.inputs import inputs
from tests.integration.properties.happenings import LOST, RELAY_STEPS, Interruption
from tests.integration.properties.world import World

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from infra.fake_convoy.queues import Queue
    from tests.integration.properties.seams import Moment
    from tests.receiver import Receiver
    from tests.support import Convoy

    Fate = tuple[Queue | None, dict[str, Any] | None, int]

MOMENTS: list[Moment] = [(when, step) for step in RELAY_STEPS for when in ("before", "after")]
PUBLISHED_AND_SETTLED: Fate = (None, None, 2)
FATES: dict[str, Fate] = {
    "replay": ("matching", None, 2),
    "retry_hung": ("deliveries", None, 2),
    "park": (None, {"status": 400, "path": "/events/fanout"}, MAX_REFUSALS),
}
"""Where a relay comes to this step: what Convoy lost, how it fails, and for how many passes."""


@pytest.fixture(autouse=True)
def _world(
    moto: DynamoDBClient, convoy: Convoy, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(World, "dynamodb", moto, raising=False)
    monkeypatch.setattr(World, "convoy", convoy, raising=False)
    monkeypatch.setattr(World, "receiver", receiver, raising=False)


def test_whatever_happens_what_was_committed_is_what_the_receiver_holds() -> None:
    run_state_machine_as_test(
        World,
        settings=settings(inputs(10), stateful_step_count=20),
    )


def test_a_key_stands_for_a_day_from_its_commit_though_the_answer_was_lost() -> None:
    world = World()
    try:
        world.create("ann", 1, "x", None, None)
        world.update("ann", 1, "y", "k1", Interruption(("after", "commit"), None, mended=False))
        committed = []
        for hours in (23, 2):
            world.time_passes(hours * 3600)
            world.update("ann", 1, "y", "k1", None)
            committed.append(len(world.seams.committed))
        assert committed == [2, 3]
    finally:
        world.teardown()


@pytest.mark.parametrize("moment", MOMENTS, ids="-".join)
@pytest.mark.parametrize("mended", [False, True], ids=["still down", "up again"])
def test_wherever_a_relay_comes_between_anothers_steps_no_event_is_lost_nor_comes_back(
    moment: Moment, mended: bool
) -> None:
    lost, fault, passes = FATES.get(moment[1], PUBLISHED_AND_SETTLED)
    world = World()
    try:
        world.relays_meet_over_what_is_left(lost, fault, passes, Interruption(moment, 0, mended))
        world.each_committed_change_waits_or_convoy_has_handled_it()
        world.nothing_waits_that_was_not_committed_or_that_was_removed()
        assert world.seams.came > 0
    finally:
        world.teardown()


@pytest.mark.parametrize("crash", [False, True])
@pytest.mark.parametrize("queue", LOST)
def test_wherever_convoy_loses_what_it_accepted_the_receiver_gets_it(
    queue: Queue, crash: bool
) -> None:
    """And the relay that heals it dies when it has begun."""
    world = World()
    try:
        world.create("ann", 1, "x", None, None)
        world.convoy_loses(queue)
        world.update("ann", 1, "y", None, None)
        world.time_passes(61)
        world.relay(1000, Interruption(("after", "newest"), None, mended=False) if crash else None)
        assert len(world.receiver.arrivals) < 2
    finally:
        world.teardown()
