"""Rows are looked up with few questions, and one old row never reads hours of a list."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.outbox.event_list import Shown
from app.outbox.look_up import MIN_ROWS_PER_PAGE, look_up
from tests.support import NOW

if TYPE_CHECKING:
    from app.outbox.rows import Row
    from tests.unit.outbox.world import RelayWorld

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def rows(world: RelayWorld, *event_ids: str) -> list[Row]:
    return [world.row(event_id) for event_id in event_ids]


def ids(first: int, last: int) -> list[str]:
    return [f"e{n}" for n in range(first, last)]


def test_rows_of_one_time_are_found_in_one_list(world: RelayWorld) -> None:
    world.commit_unpublished(*ids(0, 40))
    for event_id in ids(0, 39):
        world.convoy.take(event_id, at=NOW + SECOND)
    world.convoy.page = 20

    seen = look_up(rows(world, *ids(0, 40)), world.convoy)

    assert {key: len(found) for key, found in seen.items()} == dict.fromkeys(ids(0, 39), 1)
    assert world.convoy.questions == ["between", "between"]


def test_a_list_ends_once_all_are_found(world: RelayWorld) -> None:
    world.commit_unpublished(*ids(0, 10))
    for n in range(100):
        world.convoy.take(f"other-{n}", at=NOW + 9 * SECOND)
    for event_id in ids(0, 10):
        world.convoy.take(event_id, at=NOW + SECOND)
    world.convoy.page = 10

    look_up(rows(world, *ids(0, 10)), world.convoy)

    assert world.convoy.questions == ["between"]


def test_few_rows_read_no_list(world: RelayWorld) -> None:
    world.commit_unpublished(*ids(0, 3))

    seen = look_up(rows(world, *ids(0, 3)), world.convoy)

    assert world.convoy.questions == []
    assert seen == {}


def test_reading_stops_at_a_list_that_shows_few_of_the_rows(world: RelayWorld) -> None:
    world.commit_unpublished(*ids(0, 20))
    for n in range(1000):
        world.convoy.take(f"other-{n}", at=NOW)
    for event_id in ids(0, 20):
        world.convoy.take(event_id, at=NOW + SECOND)
    world.convoy.page = 10

    seen = look_up(rows(world, *ids(0, 20)), world.convoy)

    assert len(world.convoy.questions) == 20 / MIN_ROWS_PER_PAGE + 1  # of 102
    assert seen == {}


def test_events_that_earlier_passes_settled_do_not_end_the_list(world: RelayWorld) -> None:
    """In a steady state the list begins with events whose rows are gone."""
    world.commit_unpublished(*ids(0, 100))
    for n in range(100):
        world.convoy.take(f"settled-{n}", at=NOW - 5 * SECOND)
    for event_id in ids(0, 100):
        world.convoy.take(event_id, at=NOW + SECOND)
    world.convoy.page = 50

    seen = look_up(rows(world, *ids(0, 100)), world.convoy)

    assert len(seen) == 100
    assert world.convoy.questions == ["between"] * 4


def test_events_published_after_the_rows_cost_no_page(world: RelayWorld) -> None:
    world.commit_unpublished(*ids(0, 20))
    for event_id in ids(0, 20):
        world.convoy.take(event_id, at=NOW + SECOND)
    for n in range(1000):
        world.convoy.take(f"other-{n}", at=NOW + 9 * SECOND)
    world.convoy.page = 10

    seen = look_up(rows(world, *ids(0, 20)), world.convoy)

    assert world.convoy.questions == ["between", "between"]
    assert sorted(seen) == sorted(ids(0, 20))


def test_one_old_row_does_not_stretch_the_list_of_the_new_ones(world: RelayWorld) -> None:
    world.commit_unpublished("e0", at=NOW - 3 * HOUR)
    world.commit_unpublished(*ids(1, 11))
    for n in range(1000):
        world.convoy.take(f"other-{n}", at=NOW - HOUR)
    for event_id in ids(1, 11):
        world.convoy.take(event_id, at=NOW + SECOND)
    world.convoy.page = 10

    seen = look_up(rows(world, *ids(0, 11)), world.convoy)

    assert world.convoy.questions == ["between"]
    assert sorted(seen) == sorted(ids(1, 11))


def test_only_duplicates_are_no_answer(world: RelayWorld) -> None:
    world.commit_unpublished(*ids(0, 10))
    world.convoy.entries.append(
        Shown("d", "e0", "Success", NOW + SECOND, NOW + SECOND, duplicate=True)
    )

    assert look_up(rows(world, *ids(0, 10)), world.convoy) == {}


def test_reading_a_list_stops_when_time_is_up(world: RelayWorld) -> None:
    world.commit_unpublished(*ids(0, 10))
    for event_id in ids(0, 10):
        world.convoy.take(event_id, at=NOW + SECOND)
    world.convoy.page = 5

    seen = look_up(rows(world, *ids(0, 10)), world.convoy, lambda: False)

    assert world.convoy.questions == ["between"]
    assert len(seen) == 5


def test_rows_of_half_a_minute_are_found_in_one_list(world: RelayWorld) -> None:
    for n in range(30):
        world.commit_unpublished(f"e{n}", at=NOW + n * SECOND)
        world.convoy.take(f"e{n}", at=NOW + n * SECOND)
    world.convoy.page = 10

    seen = look_up(rows(world, *ids(0, 30)), world.convoy)

    assert sorted(seen) == sorted(ids(0, 30))
    assert world.convoy.questions == ["between"] * 3


def test_reading_stops_if_others_publish_far_more(world: RelayWorld) -> None:
    for n in range(30):
        world.commit_unpublished(f"e{n}", at=NOW + n * SECOND)
        for other in range(100):
            world.convoy.take(f"other-{n}-{other}", at=NOW + n * SECOND)
    world.convoy.page = 100

    assert look_up(rows(world, *ids(0, 30)), world.convoy) == {}
    assert len(world.convoy.questions) < 30
