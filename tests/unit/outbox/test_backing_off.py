"""An event waits longer after each failure; an event that Convoy keeps refusing is parked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.outbox.backoff import MAX_PAUSE_S, after_acceptance, after_failure
from app.outbox.outcomes import Refused, Unavailable
from app.outbox.relay_attempts import MAX_REFUSALS
from app.outbox.rows import FAILED, WAITING
from tests.unit.outbox.world import DUE

if TYPE_CHECKING:
    from tests.unit.outbox.world import RelayWorld


def test_failures_double_the_pause_up_to_a_bound(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    world.convoy.answer = Unavailable("503")

    pauses = []
    for _ in range(8):
        world.relay().run()
        row = world.row("e1")
        pauses.append((row.due_at - world.now).total_seconds())
        world.now = row.due_at

    assert pauses == [30, 60, 120, 240, 480, 900, 900, 900]
    assert (world.row("e1").attempts, world.row("e1").refusals) == (8, 0)
    assert world.row("e1").reason == "503"


def test_half_of_a_pause_is_random() -> None:
    assert after_failure(0, 0.0) == timedelta(seconds=15)
    assert after_failure(0, 1.0) == timedelta(seconds=30)


@pytest.mark.parametrize(("asked", "waited"), [(None, 30), (0, 30), (120, 120), (999_999, 3600)])
def test_a_retry_after_is_kept_within_bounds(asked: int | None, waited: int) -> None:
    assert after_failure(0, 1.0, asked) == timedelta(seconds=waited)


def test_thousands_of_attempts_do_not_break_the_pauses() -> None:
    longest = timedelta(seconds=MAX_PAUSE_S)

    assert after_failure(5000, 1.0) == longest
    assert after_acceptance(5000, timedelta(minutes=1)) == longest


def test_settling_may_take_longer_than_the_longest_pause() -> None:
    hour = timedelta(hours=1)

    assert after_acceptance(0, hour) == after_acceptance(9, hour) == hour


def test_a_row_is_not_tried_before_its_time(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    world.convoy.answer = Unavailable("503")
    world.relay().run()
    world.now += timedelta(seconds=29)
    world.relay().run()

    assert world.convoy.published == {"e1": 1}


def test_an_event_that_convoy_keeps_refusing_is_parked_with_the_reason(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    world.convoy.answer = Refused("400: bad")

    for attempt in range(1, MAX_REFUSALS):
        report = world.relay().run()
        assert (report.pending, report.failed) == (1, 0)
        assert (world.row("e1").state, world.row("e1").refusals) == (WAITING, attempt)
        world.now = world.row("e1").due_at
    assert world.relay().run().failed == 1

    row = world.row("e1")
    assert (row.state, row.reason, row.attempts) == (FAILED, "400: bad", MAX_REFUSALS)
    world.now += timedelta(days=365)
    report = world.relay().run()
    assert (report.failed, report.pending, report.published) == (1, 0, 0)
    assert world.convoy.published["e1"] == MAX_REFUSALS


def test_three_hours_of_refusals_for_every_event_park_nothing(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    world.convoy.answer = Refused("400: its queue is down")
    back = world.now + timedelta(hours=3)
    while world.now < back:
        assert world.relay(jitter=0.0).run().failed == 0
        world.now = world.row("e1").due_at
    world.convoy.answer = world.convoy.accepted

    assert world.relay().run().published == 1


def test_outages_do_not_count_as_refusals(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    world.convoy.answer = Unavailable("503")
    for _ in range(MAX_REFUSALS * 2):
        world.relay().run()
        world.now = world.row("e1").due_at
    world.convoy.answer = Refused("400")
    world.relay().run()

    assert (world.row("e1").state, world.row("e1").refusals) == (WAITING, 1)


def test_a_redriven_row_is_tried_as_often_again(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    parked = replace(world.row("e1"), state=FAILED, refusals=MAX_REFUSALS, attempts=MAX_REFUSALS)
    world.outbox.rows["e1"] = replace(parked, reason="400", tried_at=DUE)
    world.convoy.answer = Refused("400")

    assert world.outbox.redrive(world.row("e1"), now=world.now)
    world.relay().run()
    assert (world.row("e1").state, world.row("e1").refusals) == (WAITING, 1)

    world.convoy.answer = world.convoy.accepted
    world.now = world.row("e1").due_at
    assert world.relay().run().published == 1
    assert world.run_passes(20).settled == 0
    assert world.ids() == []
