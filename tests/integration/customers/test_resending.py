"""A customer has one delivery sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.integration.customers.world import Customer
    from tests.stand_in import Convoy

LONG_AGO = "2026-01-01T00:00:00Z"


def test_a_delivery_is_sent_again_though_it_arrived(ann: Customer) -> None:
    ann.register()
    ann.publish("created", "a")
    (listed,) = ann.delivered()

    answer = ann.ask("POST", f"/deliveries/{listed['id']}/resend")

    assert (answer.status_code, answer.json()) == (202, {"data": {"id": listed["id"]}})
    (again,) = ann.delivered()
    assert (again["id"], again["attempts"]) == (listed["id"], 2)


def test_a_delivery_under_way_is_not_sent_again(ann: Customer, convoy: Convoy) -> None:
    ann.register()
    convoy.stop_worker("deliveries")
    event = {"owner_id": "ann", "event_type": "created", "data": {}}
    convoy.ask("POST", "/events/fanout", json=event)
    convoy.wait_for_worker("deliveries")
    (waiting,) = ann.data("GET", "/deliveries")

    answer = ann.ask("POST", f"/deliveries/{waiting['id']}/resend")
    convoy.start_worker()

    assert answer.status_code == 409
    assert answer.json()["detail"] == ("The delivery is under way (Scheduled): wait for its end.")


def test_nothing_is_sent_again_to_a_paused_endpoint(ann: Customer) -> None:
    made = ann.register(paused=True)
    ann.publish("created", "a")
    (missed,) = ann.delivered()

    for path, body in (
        (f"/deliveries/{missed['id']}/resend", None),
        (f"/endpoints/{made}/recover", {"since": LONG_AGO}),
    ):
        answer = ann.ask("POST", path, json=body)
        assert answer.status_code == 409
        assert 'Resume it first: PUT {"paused": false}.' in answer.json()["detail"]
    (unchanged,) = ann.delivered()
    assert unchanged == missed
