"""Convoy's entries for an event decide what happens to its row."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.domain.ports import StoreUnavailable
from app.outbox.event_list import STUCK_AFTER, NotAnswered, Shown
from app.outbox.outcomes import Misconfigured, Refused, Unavailable
from app.outbox.relay_attempts import MAX_REFUSALS, REPLAYS
from app.outbox.rows import FAILED
from tests.support import NOW
from tests.unit.outbox.world import DUE, RESERVE_S

if TYPE_CHECKING:
    from tests.unit.outbox.world import RelayWorld


@pytest.mark.parametrize("status", ["Success", "Failure"])
def test_a_handled_event_leaves_the_outbox_and_is_not_published(
    world: RelayWorld, status: str
) -> None:
    world.commit_unpublished("e1")
    world.convoy.take("e1", status, NOW)

    report = world.relay().run()

    assert (report.settled, report.pending) == (1, 0)
    assert world.ids() == []
    assert world.convoy.published == {}


def test_a_handled_row_stays_if_the_pass_has_no_time(
    world: RelayWorld,
) -> None:
    world.commit_unpublished("e1")
    world.convoy.take("e1", "Success", NOW)

    report = world.relay().run(
        lambda: RESERVE_S / 4 if "under" in world.convoy.questions else RESERVE_S
    )

    assert (report.settled, report.pending) == (0, 1)
    assert world.ids() == ["e1"]


def test_a_failure_for_another_reason_than_no_subscription_is_replayed(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    world.convoy.entries.append(Shown("u1", "e1", "Failure", NOW, NOW, reason="database is down"))

    report = world.relay().run()

    assert (report.replayed, report.settled) == (1, 0)


def test_a_missing_event_is_published_again_and_settled_later(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    world.live_traffic()

    first = world.relay().run()
    assert (first.published, first.settled, first.pending) == (1, 0, 1)
    assert world.row("e1").due_at == world.now + timedelta(minutes=1)

    assert world.run_passes(2).settled == 1
    assert world.convoy.published == {"e1": 1}


def test_an_event_that_is_pending_for_long_is_replayed_by_its_own_id(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    world.convoy.take("e1", "Pending", DUE - STUCK_AFTER - timedelta(seconds=1))

    report = world.relay().run()

    assert (report.replayed, report.published) == (1, 0)
    assert world.convoy.replayed == {"uid-0": 1}


@pytest.mark.parametrize("status", ["Processing", "Failure"])
def test_an_event_whose_replays_are_ignored_gets_another_key(
    world: RelayWorld, status: str
) -> None:
    world.commit_unpublished("e1")
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


def test_a_pending_event_keeps_its_key_however_often_it_is_replayed(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    world.convoy.status = "Pending"
    world.convoy.take("e1", "Pending", NOW - timedelta(hours=1))
    relay = world.relay()

    for _ in range(2 * REPLAYS):
        assert relay.run().replayed == 1
        world.now = world.row("e1").due_at
    assert world.convoy.published == {}


def test_an_event_that_is_pending_for_a_moment_is_not_replayed(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    world.convoy.take("e1", "Pending", NOW)

    report = world.relay().run()

    assert (report.replayed, report.published, report.pending) == (0, 0, 1)
    assert world.row("e1").attempts == 0


@pytest.mark.parametrize("others", [[], ["Pending"]])
def test_a_duplicate_never_closes_a_row(world: RelayWorld, others: list[str]) -> None:
    world.commit_unpublished("e1", "e2", "e3", "e4")
    for status in others:
        world.convoy.take("e1", status, NOW)
    world.convoy.entries.append(Shown("d1", "e1", "Success", NOW, NOW, duplicate=True))

    report = world.relay().run()

    assert report.settled == 0
    assert "e1" in world.ids()
    assert world.convoy.published["e1"] == 0


def test_a_key_with_only_duplicates_is_given_up_for_another(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    world.convoy.entries.append(Shown("d1", "e1", "Success", NOW, NOW, duplicate=True))

    for _ in range(REPLAYS):
        world.relay().run()
        assert world.row("e1").reason == "Convoy lists only duplicates of it"
        world.now = world.row("e1").due_at
    assert world.convoy.published == {}
    world.relay().run()

    assert world.convoy.published == {"e1.2": 1}
    world.now = world.row("e1").due_at
    assert world.relay().run().settled == 1


@pytest.mark.parametrize(
    ("down", "stopped"),
    [
        (Unavailable("503"), "Convoy is down: 503"),
        (Unavailable("429", 90), "Convoy asked for 90 s: 429"),
        (Misconfigured("401"), "misconfigured: 401"),
    ],
)
def test_a_question_without_an_answer_ends_the_pass_and_publishes_nothing(
    world: RelayWorld, down: Unavailable | Misconfigured, stopped: str
) -> None:
    world.commit_unpublished("e1", "e2")
    world.convoy.down = down

    report = world.relay().run()

    assert (report.stopped, report.pending) == (stopped, 2)
    assert world.convoy.published == {}
    assert world.convoy.questions == ["newest"]
    assert world.row("e1").attempts == 0


def test_a_list_that_fails_midway_ends_the_pass_and_publishes_nothing(
    world: RelayWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.commit_unpublished(*(f"e{n}" for n in range(8)))
    world.live_traffic()
    between = world.convoy.between

    def failing(*about: object) -> object:
        world.convoy.down = Unavailable("500")
        return between(*about)  # type: ignore[arg-type]

    monkeypatch.setattr(world.convoy, "between", failing)
    report = world.relay().run()

    assert (report.stopped, report.pending) == ("Convoy is down: 500", 8)
    assert world.convoy.published == {}


def test_an_event_that_convoy_never_shows_is_published_ever_more_rarely(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    world.convoy.loses = True
    pauses = []
    for _ in range(6):
        world.live_traffic()
        world.relay().run()
        pauses.append((world.row("e1").due_at - world.now) / timedelta(minutes=1))
        world.now = world.row("e1").due_at

    assert pauses == [1, 2, 4, 8, 15, 15]


def test_an_event_that_convoy_never_shows_is_parked_in_the_end(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    world.convoy.loses = True
    for _ in range(MAX_REFUSALS + 2):
        world.live_traffic()
        world.relay().run()
        world.now = world.row("e1").due_at + timedelta(seconds=9)

    row = world.row("e1")
    assert (row.state, row.reason) == (FAILED, "accepted by Convoy, and not shown, in 31 attempts")


def test_an_event_whose_replays_have_no_effect_is_parked_in_the_end(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    world.convoy.status = "Pending"
    world.convoy.take("e1", "Pending", NOW - timedelta(hours=1))
    for _ in range(MAX_REFUSALS + 2):
        world.now = world.row("e1").due_at + timedelta(seconds=9)
        world.live_traffic()
        world.relay().run()

    row = world.row("e1")
    assert (row.state, row.reason) == (FAILED, "replayed 31 times: Pending in Convoy")


def test_a_replay_without_an_answer_is_tried_again_later(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    world.convoy.take("e1", "Pending", NOW - timedelta(hours=1))
    asked = world.convoy._ask

    def ask(question: str) -> None:
        world.convoy.down = Unavailable("500: x") if question == "replay" else None
        asked(question)

    world.convoy._ask = ask  # type: ignore[method-assign]
    report = world.relay().run()

    assert (report.replayed, report.pending, report.stopped) == (0, 1, None)
    assert (world.row("e1").reason, world.row("e1").attempts) == ("500: x", 1)


def test_a_slow_list_repeats_only_a_few_probes(world: RelayWorld) -> None:
    """Convoy's workers are an hour behind: accepted events are not shown, nor sent again."""
    world.now = NOW
    world.live_traffic()
    world.convoy.holds = True
    world.commit_unpublished(*(f"e{n}" for n in range(40)))
    for n in range(40):
        world.convoy.take(f"e{n}")
    world.now += timedelta(minutes=1)
    relay = world.relay(workers=2)

    world.run_passes(60, relay)
    assert max(world.convoy.published.values()) <= 7  # with ever longer pauses
    assert len(world.convoy.published) <= 3 * 2  # some probes, whatever the number of rows

    world.convoy.holds = False
    world.convoy.release()
    world.run_passes(16, relay)
    assert world.ids() == []
    assert len(world.convoy.published) <= 3 * 2


def test_a_few_probes_move_the_horizon_in_a_quiet_system(world: RelayWorld) -> None:
    world.commit_unpublished(*(f"e{n}" for n in range(10)))
    relay = world.relay(workers=2)

    assert relay.run().published == 2
    world.now += timedelta(minutes=1)
    assert relay.run().published == 8
    assert world.run_passes(3, relay).pending == 0
    assert set(world.convoy.published.values()) == {1}


def test_rows_that_can_not_be_deleted_are_settled_by_the_next_pass(
    world: RelayWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world.commit_unpublished("e1", "e2")
    world.convoy.take("e1", at=NOW)
    world.convoy.take("e2", at=NOW)
    world.outbox.error = StoreUnavailable("throttled")

    report = world.relay().run()

    assert (report.settled, report.pending) == (0, 2)
    assert "2 settled rows were not removed: throttled" in caplog.text
    world.outbox.error = None
    assert world.relay().run().settled == 2


def test_failures_of_any_status_count_while_others_get_through(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    world.convoy.answers = {"e1": Unavailable("500: x")}
    for _ in range(MAX_REFUSALS):
        world.live_traffic()
        world.relay().run()
        world.now = world.row("e1").due_at + timedelta(seconds=1)

    assert (world.row("e1").state, world.row("e1").reason) == (FAILED, "500: x")


@pytest.mark.parametrize("after", [60, None])
def test_a_rate_limit_never_counts_against_an_event(world: RelayWorld, after: int | None) -> None:
    world.commit_unpublished("e1")
    world.convoy.answers = {"e1": Unavailable("429", after, limited=True)}
    for _ in range(MAX_REFUSALS * 2):
        world.live_traffic()
        world.relay().run()
        world.now = world.row("e1").due_at

    assert world.row("e1").refusals == 0


def test_a_refusal_counts_even_if_nothing_else_gets_through(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    world.convoy.answer = Refused("400: bad")
    world.relay().run()

    assert (world.row("e1").refusals, world.row("e1").reason) == (1, "400: bad")


def test_an_outage_of_convoys_workers_parks_nothing(world: RelayWorld) -> None:
    """Convoy answers 201 all the time, and processes nothing for eight hours."""
    world.convoy.holds = True
    world.commit_unpublished(*(f"e{n}" for n in range(40)))
    relay = world.relay(workers=2)

    report = world.run_passes(8 * 60, relay)
    assert (report.pending, report.failed) == (40, 0)

    world.convoy.holds = False
    world.convoy.release()
    assert world.run_passes(40, relay).failed == 0
    assert world.ids() == []


def test_a_relays_publish_is_not_repeated_while_workers_are_behind(world: RelayWorld) -> None:
    """After an outage all rows are published by the relay; then Convoy's workers lag an hour."""
    world.commit_unpublished(*(f"e{n}" for n in range(100)))
    world.live_traffic()
    world.convoy.holds = True
    relay = world.relay(workers=4)
    assert relay.run().published == 100

    world.now += timedelta(minutes=1)
    world.run_passes(60, relay)

    assert world.convoy.published.total() <= 100 + 4 * 7
    world.convoy.holds = False
    world.convoy.release()
    world.run_passes(20, relay)
    assert world.ids() == []


def test_an_attempt_in_doubt_is_not_repeated_while_workers_are_behind(world: RelayWorld) -> None:
    world.commit_unpublished(*(f"e{n}" for n in range(100)))
    world.live_traffic()
    world.convoy.answer = Unavailable("ReadTimeout", in_doubt=True)
    relay = world.relay(workers=4)
    relay.run()
    assert world.convoy.published.total() == 100
    world.convoy.answer = world.convoy.accepted
    world.convoy.holds = True

    world.run_passes(60, relay)

    assert world.convoy.published.total() <= 100 + 4 * 8


def test_replays_delay_no_other_owners_event(world: RelayWorld) -> None:
    world.convoy.status = "Retry"
    world.commit_unpublished(*(f"e{n}" for n in range(60)), owner="ann")
    for n in range(60):
        world.convoy.take(f"e{n}", "Retry", NOW - timedelta(hours=1))
    world.commit_unpublished("e99", owner="bob", at=NOW + timedelta(seconds=1))
    world.now = DUE + timedelta(minutes=1)

    world.run_passes(2, world.relay(workers=4))

    assert world.convoy.published["e99"] == 1


def test_all_replays_go_on_in_a_quiet_system(world: RelayWorld) -> None:
    world.convoy.status = "Retry"
    world.commit_unpublished(*(f"e{n}" for n in range(60)))
    for n in range(60):
        world.convoy.take(f"e{n}", "Retry", NOW - timedelta(hours=1))
    relay = world.relay(workers=4)

    assert relay.run().replayed == 60
    world.now = max(row.due_at for row in world.outbox.rows.values())
    assert relay.run().replayed == 60


def test_unshown_events_of_one_owner_delay_no_other(world: RelayWorld) -> None:
    world.convoy.holds = True
    world.commit_unpublished(*(f"e{n}" for n in range(60)), owner="ann")
    relay = world.relay(workers=4)
    world.run_passes(3, relay)
    world.commit_unpublished("e99", owner="bob", at=world.now - timedelta(minutes=2))

    world.run_passes(2, relay)

    assert world.convoy.published["e99"] >= 1


def test_rows_are_looked_up_by_key_if_a_list_can_not_be_read(
    world: RelayWorld, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A page of the longest events may take longer than a question's deadline."""

    def too_long(*_: object) -> object:
        raise NotAnswered(Unavailable("ReadTimeout: deadline passed"))

    world.commit_unpublished(*(f"e{n}" for n in range(8)))
    for n in range(4):
        world.convoy.take(f"e{n}", at=NOW)
    world.live_traffic()
    monkeypatch.setattr(world.convoy, "between", too_long)

    report = world.relay().run()

    assert (report.settled, report.published, report.stopped) == (4, 4, None)
    assert "Convoy's list was not read: ReadTimeout: deadline passed" in caplog.text


def test_failed_publishes_do_not_count_as_replays(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    world.convoy.answer = Unavailable("503")
    for _ in range(5):
        world.relay().run()
        world.now = world.row("e1").due_at
    world.convoy.take("e1", "Processing", world.now - timedelta(minutes=3))

    world.relay().run()

    assert set(world.convoy.published) == {"e1"}
    assert world.row("e1").replays == 1
