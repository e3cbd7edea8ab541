"""A customer has a ping sent to one endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.customers.world import Customer
    from tests.stand_in import Convoy

PUBLIC = "https://example.com/webhooks"


@pytest.mark.parametrize("chosen", [["created"], ["*"], ["ping"]])
def test_a_test_reaches_its_endpoint_alone_whatever_the_endpoint_gets(
    ann: Customer, bob: Customer, convoy: Convoy, chosen: list[str]
) -> None:
    ann.register("http://127.0.0.1:9/other", event_types=["*"])
    bob.register()
    made = ann.register(event_types=chosen)

    for _ in range(2):
        answer = ann.ask("POST", f"/endpoints/{made}/test")
        assert answer.status_code == 202

    event = answer.json()["data"]["event"]
    latest, _ = ann.delivered()
    assert (latest["endpoint"], latest["event"], latest["status"]) == (made, event, "Success")
    assert latest["event_type"] == "test"
    assert bob.delivered() == []
    (payload, _) = sorted(convoy.payloads(), key=lambda each: str(each["id"]) != event)
    assert (payload["event"], payload["id"]) == ("ping", event)
    assert ann.data("GET", f"/endpoints/{made}")["event_types"] == chosen


def test_tests_of_two_endpoints_reach_each_its_own(ann: Customer, convoy: Convoy) -> None:
    made = [ann.register(f"{convoy.receiver}?{each}", event_types=["ping"]) for each in "ab"]

    for each in made:
        ann.data("POST", f"/endpoints/{each}/test")

    assert [each["endpoint"] for each in ann.delivered(status="Success")] == made[::-1]


def test_a_test_of_an_endpoint_that_gets_nothing_is_a_409(ann: Customer, convoy: Convoy) -> None:
    paused = ann.register(paused=True)
    unsubscribed = convoy.endpoint("ann", PUBLIC, subscribed=False)

    answers = [ann.ask("POST", f"/endpoints/{each}/test") for each in (paused, unsubscribed)]

    assert [each.status_code for each in answers] == [409, 409]
    assert "The endpoint is paused" in answers[0].json()["detail"]
    assert "choose its event_types first" in answers[1].json()["detail"]
    assert convoy.events() == []
