"""How far Convoy has come, by what it shows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.outbox.event_list import Shown
from app.outbox.horizon import is_reached, reached, reached_by
from tests.support import NOW
from tests.unit.outbox.fake_convoy import key_of

if TYPE_CHECKING:
    from tests.unit.outbox.world import World

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
MOMENT = NOW.replace(microsecond=123_000)


def shown(key: str, after_s: int) -> Shown:
    return Shown("u", key, "Success", NOW + after_s * SECOND)


def test_a_key_of_ours_says_when_its_event_was_published() -> None:
    late_worker = shown(key_of(MOMENT, 1), 3600)

    assert reached([late_worker, shown(key_of(MOMENT - MINUTE, 2), 1)]) == MOMENT


def test_a_foreign_key_was_published_some_time_before_it_was_shown() -> None:
    assert reached([shown("a key of somebody else", 90)]) == NOW + 30 * SECOND


def test_nothing_shown_proves_nothing() -> None:
    assert reached([]) is None


@pytest.mark.parametrize(("after_s", "proven"), [(61, True), (1, False)])
def test_a_row_shown_after_its_last_attempt_proves_that_moment(
    world: World, after_s: int, proven: bool
) -> None:
    world.leave("e1", "e2")
    assert world.outbox.postpone(
        world.row("e1"), now=NOW + MINUTE, due_at=NOW, reason="", refused=False
    )
    seen = {"e1": [shown("e1", after_s)]}

    found = reached_by([world.row("e1"), world.row("e2")], seen)

    assert found == (NOW + MINUTE if proven else None)


@pytest.mark.parametrize(("horizon_s", "is_so"), [(4, False), (5, True), (None, False)])
def test_an_event_has_had_its_turn_once_convoy_shows_later_ones(
    world: World, horizon_s: int | None, is_so: bool
) -> None:
    world.leave("e1")
    horizon = None if horizon_s is None else NOW + horizon_s * SECOND

    assert is_reached(world.row("e1"), horizon) is is_so


def test_a_failed_attempt_left_nothing_that_could_still_be_shown(world: World) -> None:
    world.leave("e1")
    assert world.outbox.postpone(world.row("e1"), now=NOW, due_at=NOW, reason="503", refused=False)

    assert is_reached(world.row("e1"), None)
