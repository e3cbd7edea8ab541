"""What Convoy shows of an event decides what becomes of its row."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.outbox.attempts import MAX_REFUSALS, REPLAYS
from app.outbox.event_list import STUCK_AFTER, Shown
from app.outbox.outcomes import Misconfigured, Refused, Unavailable
from app.outbox.rows import FAILED
from app.ports import StoreUnavailable
from tests.support import NOW
from tests.unit.outbox.world import DUE

if TYPE_CHECKING:
    from tests.unit.outbox.world import World


@pytest.mark.parametrize("status", ["Success", "Failure"])
def test_a_handled_event_leaves_the_outbox_and_is_not_published(world: World, status: str) -> None:
    world.leave("e1")
    world.convoy.take("e1", status, NOW)

    report = world.relay().run()

    assert (report.settled, report.pending) == (1, 0)
    assert world.ids() == []
    assert world.convoy.published == {}


def test_a_failure_for_another_reason_than_no_subscription_is_replayed(world: World) -> None:
    world.leave("e1")
    world.convoy.entries.append(Shown("u1", "e1", "Failure", NOW, NOW, reason="database is down"))

    report = world.relay().run()

    assert (report.replayed, report.settled) == (1, 0)


def test_a_missing_event_is_published_again_and_settled_later(world: World) -> None:
    world.leave("e1")
    world.live_traffic()

    first = world.relay().run()
    assert (first.published, first.settled, first.pending) == (1, 0, 1)
    assert world.row("e1").due_at == world.now + timedelta(minutes=1)

    assert world.passes(2).settled == 1
    assert world.convoy.published == {"e1": 1}


def test_an_event_that_is_pending_for_long_is_replayed_by_its_own_id(world: World) -> None:
    world.leave("e1")
    world.convoy.take("e1", "Pending", DUE - STUCK_AFTER - timedelta(seconds=1))

    report = world.relay().run()

    assert (report.replayed, report.published) == (1, 0)
    assert world.convoy.replayed == {"uid-0": 1}


@pytest.mark.parametrize("status", ["Processing", "Failure"])
def test_an_event_that_no_replay_helps_is_published_under_another_key(
    world: World, status: str
) -> None:
    world.leave("e1")
    stuck = NOW - timedelta(hours=1)
    world.convoy.entries.append(Shown("u1", "e1", status, stuck, stuck, reason="killed midway"))
    relay = world.relay()

    for _ in range(REPLAYS):
        assert relay.run().replayed == 1
        world.now = world.row("e1").due_at
    assert world.convoy.published == {}
    assert relay.run().published == 1

    assert world.row("e1").key == "e1.2"
    assert world.convoy.published == {"e1.2": 1}
    world.now = world.row("e1").due_at
    assert relay.run().settled == 1


def test_a_pending_event_keeps_its_key_however_often_it_is_replayed(world: World) -> None:
    world.leave("e1")
    world.convoy.status = "Pending"
    world.convoy.take("e1", "Pending", NOW - timedelta(hours=1))
    relay = world.relay()

    for _ in range(2 * REPLAYS):
        assert relay.run().replayed == 1
        world.now = world.row("e1").due_at
    assert world.convoy.published == {}


def test_an_event_that_is_pending_for_a_moment_is_left_alone(world: World) -> None:
    world.leave("e1")
    world.convoy.take("e1", "Pending", NOW)

    report = world.relay().run()

    assert (report.replayed, report.published, report.pending) == (0, 0, 1)
    assert world.row("e1").attempts == 0


@pytest.mark.parametrize("beside", [[], ["Pending"]])
def test_a_duplicate_never_closes_a_row(world: World, beside: list[str]) -> None:
    world.leave("e1", "e2", "e3", "e4")
    for status in beside:
        world.convoy.take("e1", status, NOW)
    world.convoy.entries.append(Shown("d1", "e1", "Success", NOW, NOW, duplicate=True))

    report = world.relay().run()

    assert report.settled == 0
    assert "e1" in world.ids()
    assert world.convoy.published["e1"] == 0


def test_a_key_with_duplicates_alone_is_parked_in_the_end(world: World) -> None:
    world.leave("e1")
    world.convoy.entries.append(Shown("d1", "e1", "Success", NOW, NOW, duplicate=True))

    for _ in range(MAX_REFUSALS):
        world.relay().run()
        world.now = world.row("e1").due_at

    assert world.row("e1").state == FAILED
    assert world.row("e1").reason.startswith("Convoy lists duplicates of it alone")
    assert world.convoy.published == {}


@pytest.mark.parametrize(
    ("down", "stopped"),
    [
        (Unavailable("503"), "Convoy is down: 503"),
        (Unavailable("429", 90), "Convoy asked for 90 s: 429"),
        (Misconfigured("401"), "misconfigured: 401"),
    ],
)
def test_a_question_without_an_answer_ends_the_pass_and_publishes_nothing(
    world: World, down: Unavailable | Misconfigured, stopped: str
) -> None:
    world.leave("e1", "e2")
    world.convoy.down = down

    report = world.relay().run()

    assert (report.stopped, report.pending) == (stopped, 2)
    assert world.convoy.published == {}
    assert world.convoy.questions == ["newest"]
    assert world.row("e1").attempts == 0


def test_a_list_that_fails_midway_ends_the_pass_and_publishes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.leave(*(f"e{n}" for n in range(8)))
    world.live_traffic()
    between = world.convoy.between

    def failing(*about: object) -> object:
        world.convoy.down = Unavailable("500")
        return between(*about)  # type: ignore[arg-type]

    monkeypatch.setattr(world.convoy, "between", failing)
    report = world.relay().run()

    assert (report.stopped, report.pending) == ("Convoy is down: 500", 8)
    assert world.convoy.published == {}


def test_what_convoy_accepts_and_never_shows_is_published_ever_more_rarely(world: World) -> None:
    world.leave("e1")
    world.convoy.loses = True
    pauses = []
    for _ in range(6):
        world.live_traffic()
        world.relay().run()
        pauses.append((world.row("e1").due_at - world.now) / timedelta(minutes=1))
        world.now = world.row("e1").due_at

    assert pauses == [1, 2, 4, 8, 15, 15]


def test_what_convoy_accepts_and_never_shows_is_parked_in_the_end(world: World) -> None:
    world.leave("e1")
    world.convoy.loses = True
    for _ in range(MAX_REFUSALS + 2):
        world.live_traffic()
        world.relay().run()
        world.now = world.row("e1").due_at + timedelta(seconds=9)

    row = world.row("e1")
    assert (row.state, row.reason) == (FAILED, "accepted 31 times, and never shown")


def test_what_is_replayed_in_vain_is_parked_in_the_end(world: World) -> None:
    world.leave("e1")
    world.convoy.status = "Pending"
    world.convoy.take("e1", "Pending", NOW - timedelta(hours=1))
    for _ in range(MAX_REFUSALS + 2):
        world.now = world.row("e1").due_at + timedelta(seconds=9)
        world.live_traffic()
        world.relay().run()

    row = world.row("e1")
    assert (row.state, row.reason) == (FAILED, "replayed 31 times: Pending in Convoy")


def test_a_replay_without_an_answer_is_tried_again_later(world: World) -> None:
    world.leave("e1")
    world.convoy.take("e1", "Pending", NOW - timedelta(hours=1))
    asked = world.convoy._ask

    def ask(question: str) -> None:
        world.convoy.down = Unavailable("500: x") if question == "replay" else None
        asked(question)

    world.convoy._ask = ask  # type: ignore[method-assign]
    report = world.relay().run()

    assert (report.replayed, report.pending, report.stopped) == (0, 1, None)
    assert (world.row("e1").reason, world.row("e1").attempts) == ("500: x", 1)


def test_a_slow_list_repeats_no_publish_but_a_few_probes(world: World) -> None:
    """Its workers are an hour behind: what it accepted is not shown, and is not sent again."""
    world.now = NOW
    world.live_traffic()
    world.convoy.holds = True
    world.leave(*(f"e{n}" for n in range(40)))
    for n in range(40):
        world.convoy.take(f"e{n}")
    world.now += timedelta(minutes=1)
    relay = world.relay(workers=2)

    world.passes(60, relay)
    assert max(world.convoy.published.values()) <= 7  # with ever longer pauses
    assert len(world.convoy.published) <= 3 * 2  # some probes, whatever the number of rows

    world.convoy.holds = False
    world.convoy.release()
    world.passes(16, relay)
    assert world.ids() == []
    assert len(world.convoy.published) <= 3 * 2


def test_where_nothing_else_is_published_a_few_probes_move_the_horizon(world: World) -> None:
    world.leave(*(f"e{n}" for n in range(10)))
    relay = world.relay(workers=2)

    assert relay.run().published == 2
    world.now += timedelta(minutes=1)
    assert relay.run().published == 8
    assert world.passes(3, relay).pending == 0
    assert set(world.convoy.published.values()) == {1}


def test_rows_that_can_not_be_deleted_are_settled_by_the_next_pass(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.leave("e1", "e2")
    world.convoy.take("e1", at=NOW)
    world.convoy.take("e2", at=NOW)
    world.outbox.error = StoreUnavailable("throttled")

    report = world.relay().run()

    assert (report.settled, report.pending) == (0, 2)
    assert "2 settled rows are still there: throttled" in caplog.text
    world.outbox.error = None
    assert world.relay().run().settled == 2


def test_refused_rows_count_while_others_get_through_whatever_the_status(world: World) -> None:
    world.leave("e1")
    world.convoy.answers = {"e1": Unavailable("500: x")}
    for _ in range(MAX_REFUSALS):
        world.live_traffic()
        world.relay().run()
        world.now = world.row("e1").due_at + timedelta(seconds=1)

    assert (world.row("e1").state, world.row("e1").reason) == (FAILED, "500: x")


@pytest.mark.parametrize("outcome", [Unavailable("429", 60), Unavailable("429", 1)])
def test_a_rate_limit_never_counts_against_an_event(world: World, outcome: Unavailable) -> None:
    world.leave("e1")
    world.convoy.answers = {"e1": outcome}
    for _ in range(MAX_REFUSALS * 2):
        world.live_traffic()
        world.relay().run()
        world.now = world.row("e1").due_at

    assert world.row("e1").refusals == 0


def test_a_refusal_counts_though_nothing_else_gets_through(world: World) -> None:
    world.leave("e1")
    world.convoy.answer = Refused("400: bad")
    world.relay().run()

    assert (world.row("e1").refusals, world.row("e1").reason) == (1, "400: bad")
