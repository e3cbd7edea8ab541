"""No row delays another row, be it of the same owner or of another."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.domain.events import envelope
from app.outbox.outcomes import Misconfigured, Refused, Unavailable
from app.outbox.relay_attempts import MAX_REFUSALS
from app.outbox.rows import FAILED, Row
from app.outbox.tasks import interleaved
from tests.support import NOW
from tests.todo import TODO

if TYPE_CHECKING:
    from app.outbox.outcomes import Outcome
    from tests.unit.outbox.world import RelayWorld

REFUSALS = [
    Misconfigured("403: not Convoy's JSON but text/html"),
    Unavailable("500: x", outage=False, in_doubt=True),
    Unavailable("ReadTimeout: deadline passed"),
    Refused("400: x"),
]


@pytest.mark.parametrize("outcome", REFUSALS, ids=lambda outcome: outcome.reason)
@pytest.mark.parametrize("refused", [40, 100, 600])
@pytest.mark.parametrize("owners", [("ann", "bob"), ("ann", "ann")], ids=["two", "one"])
def test_refused_rows_delay_no_other_rows(
    world: RelayWorld, outcome: Outcome, refused: int, owners: tuple[str, str]
) -> None:
    bad = [f"e{n}" for n in range(refused)]
    good = [f"e{n}" for n in range(refused, refused + 100)]
    world.commit_unpublished(*bad, owner=owners[0])
    world.commit_unpublished(*good, owner=owners[1])
    world.live_traffic()
    world.convoy.answers = dict.fromkeys(bad, outcome)

    relay = world.relay(workers=4)
    relay.run()
    assert [each for each in good if world.convoy.published[each] != 1] == []
    world.now += timedelta(minutes=1)
    relay.run()
    assert set(world.ids()) & set(good) == set()


@pytest.mark.parametrize("outcome", REFUSALS, ids=lambda outcome: outcome.reason)
def test_refused_rows_are_parked_while_others_get_through(
    world: RelayWorld, outcome: Outcome
) -> None:
    bad = [f"e{n}" for n in range(60)]
    world.commit_unpublished(*bad)
    world.convoy.answers = dict.fromkeys(bad, outcome)
    relay = world.relay(workers=4)

    for _ in range(8 * 60):
        world.live_traffic()
        relay.run()
        world.now += timedelta(minutes=1)

    assert {row.state for row in world.outbox.rows.values()} == {FAILED}
    assert all(world.convoy.published[each] == MAX_REFUSALS for each in bad)


def test_rows_that_must_wait_an_hour_delay_no_other_owner(world: RelayWorld) -> None:
    bad = [f"e{n}" for n in range(600)]
    good = [f"e{n}" for n in range(600, 700)]
    world.commit_unpublished(*bad, owner="ann")
    world.commit_unpublished(*good, owner="bob")
    world.live_traffic()
    world.convoy.page = 500
    world.convoy.answers = dict.fromkeys(bad, Unavailable("503: come back", 3600))

    world.run_passes(2, world.relay(workers=4))

    assert set(world.ids()) & set(good) == set()


def test_handled_rows_before_it_do_not_delay_a_row_of_their_owner(world: RelayWorld) -> None:
    bad = [f"e{n}" for n in range(100)]
    handled = [f"e{n}" for n in range(100, 200)]
    world.commit_unpublished(*bad, owner="ann")
    world.commit_unpublished(*handled, "e201", owner="bob")
    for event_id in handled:
        world.convoy.take(event_id, at=NOW)
    world.live_traffic()
    world.convoy.page = 500
    world.convoy.answers = dict.fromkeys(bad, Unavailable("503: come back", 3600))

    world.run_passes(1, world.relay())

    assert world.convoy.published["e201"] == 1


def test_rows_that_must_always_wait_an_hour_are_parked_in_the_end(world: RelayWorld) -> None:
    world.commit_unpublished("e1", "e2")
    world.convoy.answers = dict.fromkeys(("e1", "e2"), Unavailable("503: come back", 3600))
    for _ in range(MAX_REFUSALS):
        world.live_traffic()
        world.relay().run()
        world.now += timedelta(hours=1)

    assert {row.state for row in world.outbox.rows.values()} == {FAILED}


@pytest.mark.parametrize("outcome", REFUSALS[:-1], ids=lambda outcome: outcome.reason)
def test_an_outage_parks_nothing_however_long(world: RelayWorld, outcome: Outcome) -> None:
    world.commit_unpublished(*(f"e{n}" for n in range(20)))
    world.live_traffic()
    world.convoy.answer = outcome
    relay = world.relay(workers=4)

    report = world.run_passes(24 * 60, relay)

    assert (report.pending, report.failed) == (20, 0)


def test_each_owner_has_its_turn_before_any_has_two() -> None:
    rows = [row(owner) for owner in "aaaabbc"]

    assert "".join(each.event.owner for each in interleaved(rows)) == "abcabaa"


def row(owner: str) -> Row:
    return Row(envelope(TODO.events.created, event_id="e", owner=owner, now=NOW), due_at=NOW)
