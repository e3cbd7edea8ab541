"""An event says which resource it is about."""

from __future__ import annotations

import pytest

from app.domain.events import PING, EventType, ResourceEvents, envelope
from tests.support import NOW

EVENTS = ResourceEvents.of("user_id")
"""The name of a resource may end as the field of an id does."""


@pytest.mark.parametrize(
    ("event_type", "about", "resource"),
    [
        (EVENTS.created, {"user_id": {"id": 7, "item": "x", "other_id": 8}}, "user_id/7"),
        (EVENTS.failed, {"user_id_id": 7}, "user_id/7"),
        (EVENTS.retrieved, {"user_id": {"id": 0}}, "user_id/0"),
        (EVENTS.retrieved, {}, None),
        (PING, {}, None),
    ],
)
def test_an_event_names_its_resource(
    event_type: EventType, about: dict[str, object], resource: str | None
) -> None:
    event = envelope(event_type, event_id="e1", owner="ann", now=NOW, **about)

    assert event.resource == resource
