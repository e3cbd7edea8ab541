"""What Convoy did not take waits longer each time; what it keeps refusing is parked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.outbox.outcomes import Accepted, Refused, Unavailable
from app.outbox.relay import MAX_PAUSE_S, MAX_REFUSALS, Relay
from app.outbox.rows import FAILED, WAITING, Row
from tests.unit.outbox.world import DUE, World


def test_an_outage_backs_a_row_off_by_doubling_pauses_up_to_a_bound(world: World) -> None:
    world.leave("e1")
    world.answer = Unavailable("503")

    pauses = []
    for _ in range(8):
        world.relay().run()
        row = world.row("e1")
        pauses.append((row.due_at - world.now).total_seconds())
        world.now = row.due_at

    assert pauses == pytest.approx([30, 60, 120, 240, 480, 900, 900, 900], abs=0.01)
    assert (world.row("e1").attempts, world.row("e1").refusals) == (8, 0)
    assert world.row("e1").reason == "503"


def test_a_pause_is_spread_at_random_over_its_second_half(world: World) -> None:
    world.leave("e1")
    world.answer = Unavailable("503")

    Relay(world, world.table, lambda: DUE, lambda: 0.0, 1).run()

    assert (world.row("e1").due_at - DUE).total_seconds() == pytest.approx(15, abs=0.01)


def test_a_row_backed_off_is_not_tried_before_its_time(world: World) -> None:
    world.leave("e1")
    world.answers = {"e1": Unavailable("503")}
    world.relay().run()
    world.now += timedelta(seconds=29)
    world.relay().run()

    assert world.published == {"e1": 1}


def test_thousands_of_attempts_do_not_break_the_backoff(world: World) -> None:
    world.leave("e1")
    stubborn = replace(world.row("e1"), attempts=5000)
    due: list[datetime] = []

    class Stubborn:
        def pages(self, *_: object) -> list[list[Row]]:
            return [[stubborn]]

        def postpone(self, row: Row, *, due_at: datetime, reason: str, refused: bool) -> bool:
            due.append(due_at)
            return True

        def ack(self, event_id: str) -> None: ...

        def park(self, row: Row, *, reason: str) -> bool:
            return True

    world.answer = Unavailable("503")
    Relay(world, Stubborn(), lambda: DUE, lambda: 1.0).run()

    assert due == [DUE + timedelta(seconds=MAX_PAUSE_S)]


def test_what_convoy_keeps_refusing_is_parked_with_the_reason_and_never_dropped(
    world: World,
) -> None:
    world.leave("e1")
    world.answer = Refused("400: bad")

    for attempt in range(1, MAX_REFUSALS):
        report = world.relay().run()
        assert (report.pending, report.failed) == (1, 0)
        assert world.row("e1").state == WAITING
        assert world.row("e1").refusals == attempt
        world.now = world.row("e1").due_at
    assert world.relay().run().failed == 1

    row = world.row("e1")
    assert (row.state, row.reason, row.attempts) == (FAILED, "400: bad", MAX_REFUSALS)
    world.now += timedelta(days=365)
    report = world.relay().run()
    assert (report.failed, report.pending, report.delivered) == (1, 0, 0)
    assert world.published["e1"] == MAX_REFUSALS


def test_three_hours_in_which_convoy_refuses_everything_park_nothing(world: World) -> None:
    world.leave("e1")
    world.answer = Refused("400: its queue is down")
    back = world.now + timedelta(hours=3)
    while world.now < back:
        assert world.relay(jitter=0.0).run().failed == 0
        world.now = world.row("e1").due_at
    world.answer = Accepted()

    assert world.relay().run().delivered == 1


def test_outages_do_not_count_as_refusals(world: World) -> None:
    world.leave("e1")
    for _ in range(MAX_REFUSALS * 2):
        world.answer = Unavailable("503")
        world.relay().run()
        world.now = world.row("e1").due_at
    world.answer = Refused("400")
    world.relay().run()

    assert (world.row("e1").state, world.row("e1").refusals) == (WAITING, 1)


def test_a_redriven_row_is_tried_as_if_for_the_first_time(world: World) -> None:
    world.leave("e1")
    world.answer = Refused("400")
    for _ in range(MAX_REFUSALS):
        world.relay().run()
        world.now = world.row("e1").due_at
    world.answer = Accepted()

    assert world.table.redrive(world.row("e1"), now=world.now)
    assert world.relay().run().delivered == 1


def test_a_redriven_row_that_is_refused_again_waits_as_after_its_first_refusal(
    world: World,
) -> None:
    world.leave("e1")
    world.answer = Refused("400")
    for _ in range(MAX_REFUSALS):
        world.relay().run()
        world.now = world.row("e1").due_at
    world.table.redrive(world.row("e1"), now=world.now)

    world.relay().run()

    assert (world.row("e1").due_at - world.now).total_seconds() == pytest.approx(30, abs=0.01)


def test_a_retry_after_is_waited_for_by_the_relays_next_runs_too(world: World) -> None:
    world.leave("e1", "e2", "e3")
    world.answer = Unavailable("429", 120)
    relay = world.relay()
    relay.run()
    (asked,) = world.published
    world.answer = Accepted()

    world.now = DUE + timedelta(seconds=119)
    report = relay.run()
    assert (report.delivered, report.pending) == (0, 3)
    assert report.stopped == "Convoy asked for a pause until 12:03:00 UTC"
    assert world.published == {asked: 1}

    world.now = DUE + timedelta(seconds=120)
    assert relay.run().delivered == 3


@pytest.mark.parametrize(("asked", "waited"), [(0, 30), (999_999, 3600)])
def test_a_retry_after_is_waited_for_within_bounds(world: World, asked: int, waited: int) -> None:
    world.leave("e1")
    world.answer = Unavailable("429", asked)

    world.relay().run()

    assert (world.row("e1").due_at - DUE).total_seconds() == pytest.approx(waited, abs=0.01)
