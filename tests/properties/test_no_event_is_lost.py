"""Whatever happens: what was committed is what the receiver holds in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from app.outbox.relay import MAX_REFUSALS
from tests.inputs import inputs
from tests.properties.happenings import RELAY_STEPS, Interruption
from tests.properties.world import World

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.properties.seams import Moment
    from tests.support import Convoy

MOMENTS: list[Moment] = [(when, step) for step in RELAY_STEPS for when in ("before", "after")]
FATES: list[tuple[dict[str, Any] | None, int]] = [
    (None, 1),
    ({"status": 503}, 1),
    ({"status": 400}, MAX_REFUSALS),
]
"""How Convoy fails, for how many passes: rows are acked, postponed, parked."""


@pytest.fixture(autouse=True)
def _world(moto: DynamoDBClient, convoy: Convoy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(World, "dynamodb", moto, raising=False)
    monkeypatch.setattr(World, "convoy", convoy, raising=False)


def test_whatever_happens_what_was_committed_is_what_the_receiver_holds() -> None:
    run_state_machine_as_test(
        World,
        settings=settings(inputs(15), stateful_step_count=20),
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
    came = 0
    for fault, passes in FATES:
        world = World()
        try:
            world.relays_meet_over_what_an_outage_left(
                fault, passes, Interruption(moment, 0, mended)
            )
            world.each_committed_change_waits_or_has_arrived()
            world.nothing_waits_that_was_not_committed_or_that_was_acked()
            came += world.seams.came
        finally:
            world.teardown()
    assert came > 0
