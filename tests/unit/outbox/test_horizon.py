"""How far Convoy has come, judged by the entries that it shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.outbox.event_list import Shown
from app.outbox.horizon import latest_acceptance, would_be_shown
from tests.support import NOW

if TYPE_CHECKING:
    from tests.unit.outbox.world import RelayWorld

SECOND = timedelta(seconds=1)


def shown(acknowledged_s: int, created_s: int) -> Shown:
    return Shown("u", "key", "Success", NOW + created_s * SECOND, NOW + acknowledged_s * SECOND)


def test_the_horizon_is_when_events_were_accepted_not_when_workers_took_them() -> None:
    late_worker = shown(acknowledged_s=10, created_s=3600)

    assert latest_acceptance([late_worker, shown(5, 6)]) == NOW + 10 * SECOND


def test_nothing_shown_proves_nothing() -> None:
    assert latest_acceptance([]) is None


@pytest.mark.parametrize(("horizon_s", "is_so"), [(4, False), (5, True), (None, False)])
def test_an_event_would_be_shown_once_convoy_shows_later_ones(
    world: RelayWorld, horizon_s: int | None, is_so: bool
) -> None:
    world.commit_unpublished("e1")
    horizon = None if horizon_s is None else NOW + horizon_s * SECOND

    assert would_be_shown(world.row("e1"), horizon) is is_so


def test_a_failed_attempt_left_nothing_that_could_still_be_shown(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    assert would_be_shown(replace(world.row("e1"), maybe_accepted=False), None)


def test_a_replayed_event_was_shown_before(world: RelayWorld) -> None:
    world.commit_unpublished("e1")

    assert would_be_shown(replace(world.row("e1"), replays=1), None)
