"""An event with a burnt key gets another key, and stays the same event."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from app.outbox.event_list import NotAnswered
from app.outbox.outcomes import Unavailable
from app.outbox.republish import Republish
from app.outbox.rows import event_id_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from app.outbox.event_list import Shown
    from app.outbox.republish import Log, RepublishOutbox
    from tests.unit.outbox.world import RelayWorld


def test_the_keys_of_a_row_differ_and_name_the_same_event(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    rows = [replace(world.row("e1"), burnt=burnt) for burnt in range(3)]

    assert [row.key for row in rows] == ["e1", "e1.2", "e1.3"]
    assert {event_id_of(row.key) for row in rows} == {"e1"}


def republishing(world: RelayWorld) -> Republish:
    """A job that only reads Convoy's list."""
    unused = cast("Log", None), cast("RepublishOutbox", None)
    return Republish(unused[0], world.convoy, unused[1], lambda: world.now)


def test_republish_knows_an_event_that_was_handled_under_another_key(world: RelayWorld) -> None:
    world.convoy.take("e1.2", "Success")
    world.convoy.take("e2", "Pending")

    assert republishing(world).handled_since(world.now) == {"e1"}


def test_a_page_of_convoys_list_that_is_too_long_does_not_end_republish(
    world: RelayWorld, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One owner's longest events may make it so. The other events are asked for by their keys."""
    for number in range(4):
        world.convoy.take(f"e{number}", "Success")
    whole = world.convoy.between

    def one_page(start: datetime, end: datetime) -> Iterator[list[Shown]]:
        yield next(iter(whole(start, end)))
        raise NotAnswered(Unavailable("the answer is over 9 bytes"))

    monkeypatch.setattr(world.convoy, "between", one_page)

    assert len(republishing(world).handled_since(world.now)) == world.convoy.page
    assert "the rest of Convoy's list was not read: the answer is over 9 bytes" in caplog.text
    world.convoy.down = Unavailable("down")
    with pytest.raises(NotAnswered, match="down"):
        republishing(world).handled_since(world.now)
