"""Whatever happens, the receiver gets every committed event in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from app.outbox.relay_attempts import MAX_REFUSALS
from tests.inputs import inputs
from tests.integration.properties.strategies import LOST, RELAY_STEPS, Interruption
from tests.integration.properties.world import PropertyWorld

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from infra.fake_convoy.queues import Queue
    from tests.integration.properties.crash_points import Moment
    from tests.receiver import Receiver
    from tests.stand_in import Convoy

    Situation = tuple[Queue | None, dict[str, Any] | None, int]

MOMENTS: list[Moment] = [(when, step) for step in RELAY_STEPS for when in ("before", "after")]
PUBLISHED_AND_SETTLED: Situation = (None, None, 2)
SITUATIONS: dict[str, Situation] = {
    "replay": ("matching", None, 2),
    "retry_hung": ("deliveries", None, 2),
    "park": (None, {"status": 400, "path": "/events/fanout"}, MAX_REFUSALS),
}
"""The situation in which a relay reaches a step: Convoy's loss, its fault, and passes before it."""


@pytest.fixture(autouse=True)
def _world(
    moto: DynamoDBClient, convoy: Convoy, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PropertyWorld, "dynamodb", moto, raising=False)
    monkeypatch.setattr(PropertyWorld, "convoy", convoy, raising=False)
    monkeypatch.setattr(PropertyWorld, "receiver", receiver, raising=False)


def test_whatever_happens_the_receiver_gets_every_committed_event() -> None:
    run_state_machine_as_test(
        PropertyWorld,
        settings=settings(inputs(8), stateful_step_count=20),
    )


def test_a_key_lasts_a_day_from_its_commit_even_without_an_answer() -> None:
    world = PropertyWorld()
    try:
        world.create("ann", 1, "x", None, None)
        world.update(
            "ann", 1, "y", "k1", Interruption(("after", "commit"), None, convoy_is_up=False)
        )
        committed = []
        for hours in (23, 2):
            world.time_passes(hours * 3600)
            world.update("ann", 1, "y", "k1", None)
            committed.append(len(world.crash_points.committed))
        assert committed == [2, 3]
    finally:
        world.teardown()


@pytest.mark.parametrize("moment", MOMENTS, ids="-".join)
@pytest.mark.parametrize("convoy_is_up", [False, True], ids=["still down", "up again"])
def test_a_relay_between_the_steps_of_another_loses_no_event(
    moment: Moment, convoy_is_up: bool
) -> None:
    lost, fault, passes = SITUATIONS.get(moment[1], PUBLISHED_AND_SETTLED)
    world = PropertyWorld()
    try:
        world.relays_overlap(lost, fault, passes, Interruption(moment, 0, convoy_is_up))
        world.each_committed_event_waits_or_is_handled()
        world.each_row_was_committed_and_not_removed()
        assert world.crash_points.interruptions > 0
    finally:
        world.teardown()


@pytest.mark.parametrize("crash", [False, True])
@pytest.mark.parametrize("queue", LOST)
def test_an_accepted_event_arrives_from_whichever_queue_convoy_loses_it(
    queue: Queue, crash: bool
) -> None:
    """With `crash`, the relay that heals the loss is killed after its first step."""
    world = PropertyWorld()
    try:
        world.create("ann", 1, "x", None, None)
        world.convoy_loses(queue)
        world.update("ann", 1, "y", None, None)
        world.time_passes(61)
        world.relay(
            1000, Interruption(("after", "newest"), None, convoy_is_up=False) if crash else None
        )
        assert len(world.receiver.arrivals) < 2
    finally:
        world.teardown()
