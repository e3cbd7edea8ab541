"""An event that is wanted before and after a change of the choice is delivered during it."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest

from app.convoy_admin.choices import MATCH_S
from app.wiring.customers import EVENT_TYPES

if TYPE_CHECKING:
    from tests.integration.customers.world import Customer, World
    from tests.stand_in import Convoy

CHOICES = [["created"], ["created", "updated"], ["deleted", "created"], ["*"]]


@pytest.mark.parametrize("before", CHOICES)
@pytest.mark.parametrize("after", CHOICES)
def test_no_wanted_event_falls_between(
    ann: Customer, convoy: Convoy, world: World, before: list[str], after: list[str]
) -> None:
    made = ann.register(event_types=before)
    keys = [f"event-{number}" for number in range(100)]
    numbers = count()

    def publish() -> None:
        ann.publish("created", keys[next(numbers)])

    world.calls.after_each = publish
    ann.data("PUT", f"/endpoints/{made}", json={"event_types": after})
    world.calls.after_each = lambda: None

    published = keys[: next(numbers)]
    assert len(published) >= 3
    assert [each["event"] for each in reversed(ann.delivered())] == published
    assert ann.data("GET", f"/endpoints/{made}")["event_types"] == sorted(after)
    for each in EVENT_TYPES:
        ann.publish(each, f"the {each}")
    wanted = EVENT_TYPES if after == ["*"] else after
    later = ann.delivered()[: -len(published)]
    assert sorted(each["event_type"] for each in later) == sorted(wanted)


def test_new_rows_stand_beside_the_old_ones_for_a_moment(ann: Customer, world: World) -> None:
    made = f"/endpoints/{ann.register(event_types=['created', 'updated'])}"
    assert world.pauses == []  # nothing was wanted before
    ann.data("PUT", made, json={"event_types": ["created"]})
    assert world.pauses == []
    for number, chosen in enumerate((["deleted"], ["*"], ["updated"]), start=1):
        ann.data("PUT", made, json={"event_types": chosen})
        assert world.pauses == [MATCH_S] * number


def test_the_choice_holds_against_another_request_at_the_same_time(
    ann: Customer, world: World
) -> None:
    """Each deletes what the other wants: without a second look the endpoint would get nothing."""
    made = ann.register(event_types=["created", "deleted"])
    others = iter([["deleted"]])

    def interfere() -> None:
        if (other := next(others, None)) is not None:
            ann.data("PUT", f"/endpoints/{made}", json={"event_types": other})

    calls = count(1)
    world.calls.after_each = lambda: interfere() if next(calls) == 3 else None
    after = ann.data("PUT", f"/endpoints/{made}", json={"event_types": ["created"]})

    assert after["event_types"] == ["created"]
    assert ann.data("GET", f"/endpoints/{made}") == after


def test_a_choice_that_others_keep_changing_is_a_503(
    ann: Customer, convoy: Convoy, world: World
) -> None:
    made = ann.register(event_types=["created"])
    (subscription,) = world.everything()["subscriptions"]
    path = f"/subscriptions/{subscription['uid']}/filters"

    def interfere() -> None:
        for each in convoy.ask("GET", path):
            convoy.ask("DELETE", f"{path}/{each['uid']}")

    world.calls.after_each = interfere
    answer = ann.ask("PUT", f"/endpoints/{made}", json={"event_types": ["deleted"]})

    assert answer.status_code == 503


def test_an_event_type_that_convoy_does_not_know_is_a_503_that_the_log_explains(
    ann: Customer, convoy: Convoy, caplog: pytest.LogCaptureFixture
) -> None:
    missing = {"method": "POST", "path": "/subscriptions/*/filters", "status": 404}
    convoy.fail(**missing, body='{"status":false,"message":"event type does not exist"}')

    answer = ann.ask("POST", "/endpoints", json={"url": convoy.receiver})

    assert answer.status_code == 503
    assert "convoy setup" not in answer.text
    assert "Run `convoy setup`" in caplog.text
