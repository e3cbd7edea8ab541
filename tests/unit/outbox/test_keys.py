"""An event with a burnt key gets another key, and stays the same event."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from app.outbox.republish import Republish
from app.outbox.rows import event_id_of

if TYPE_CHECKING:
    from app.outbox.republish import Log, RepublishOutbox
    from tests.unit.outbox.world import RelayWorld


def test_the_keys_of_a_row_differ_and_name_the_same_event(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    rows = [replace(world.row("e1"), burnt=burnt) for burnt in range(3)]

    assert [row.key for row in rows] == ["e1", "e1.2", "e1.3"]
    assert {event_id_of(row.key) for row in rows} == {"e1"}


def test_republish_knows_an_event_that_was_handled_under_another_key(world: RelayWorld) -> None:
    world.convoy.take("e1.2", "Success")
    world.convoy.take("e2", "Pending")
    unused = cast("Log", None), cast("RepublishOutbox", None)
    job = Republish(unused[0], world.convoy, unused[1], lambda: world.now)

    assert job.handled_since(world.now) == {"e1"}
