"""A customer's endpoints: updated, paused, deleted, with a new secret."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.customers import endpoints
from app.wiring.clock import now
from tests.integration.customers.world import WANTED, World

if TYPE_CHECKING:
    import pytest

    from tests.integration.customers.world import Customer
    from tests.stand_in import Convoy

PUBLIC = "https://example.com/webhooks"


def test_an_update_keeps_what_it_does_not_name(ann: Customer, convoy: Convoy) -> None:
    about = {"description": "Mine", "event_types": ["created"], "paused": True}
    made = ann.register(PUBLIC, **about)
    before = ann.data("GET", f"/endpoints/{made}")
    limits = {"rate_limit": 7, "rate_limit_duration": 60}
    whole = convoy.ask("GET", f"/endpoints/{made}")
    convoy.ask("PUT", f"/endpoints/{made}", json=whole | limits)

    for changes in (
        {"description": "Ours"},
        {"url": "https://example.com/other"},
        {"event_types": ["deleted", "created"]},
        {"paused": False},
    ):
        shown = {name: value for name, value in changes.items() if name != "paused"}
        if "event_types" in changes:
            shown["event_types"] = ["created", "deleted"]
        if "paused" in changes:
            shown["status"] = "active"
        after = ann.data("PUT", f"/endpoints/{made}", json=changes)
        assert after == before | shown
        assert ann.data("GET", f"/endpoints/{made}") == after
        before = after
    kept = convoy.ask("GET", f"/endpoints/{made}")
    assert {name: kept[name] for name in limits} == limits
    assert kept["secrets"] == whole["secrets"]
    assert kept["owner_id"] == "ann"


def test_an_update_to_what_is_there_changes_nothing(ann: Customer, world: World) -> None:
    made = ann.register(PUBLIC, description="Mine")
    before = world.everything()

    same = {"url": PUBLIC, "description": "Mine", "event_types": WANTED, "paused": False}
    ann.data("PUT", f"/endpoints/{made}", json=same)

    assert world.everything() == before


def test_pausing_twice_pauses_and_resuming_twice_resumes(ann: Customer) -> None:
    made = ann.register(PUBLIC)

    def put(*, paused: bool) -> str:
        return str(ann.data("PUT", f"/endpoints/{made}", json={"paused": paused})["status"])

    assert [put(paused=True), put(paused=True)] == ["paused", "paused"]
    assert [put(paused=False), put(paused=False)] == ["active", "active"]


def test_a_paused_endpoint_never_gets_an_event(ann: Customer) -> None:
    ann.register(paused=True)

    ann.publish("created", "a")

    assert [each["status"] for each in ann.delivered()] == ["Discarded"]


def test_an_endpoint_that_convoy_disabled_is_inactive_until_it_is_resumed(
    ann: Customer, convoy: Convoy
) -> None:
    body = {"name": "a", "url": PUBLIC, "owner_id": "ann", "status": "inactive"}
    made = convoy.ask("POST", "/endpoints", json=body)["uid"]

    paused = ann.data("PUT", f"/endpoints/{made}", json={"paused": True})
    resumed = ann.data("PUT", f"/endpoints/{made}", json={"paused": False})

    assert (paused["status"], resumed["status"]) == ("inactive", "active")


def test_a_deleted_endpoint_is_gone(ann: Customer, convoy: Convoy) -> None:
    made = ann.register(PUBLIC)

    answer = ann.ask("DELETE", f"/endpoints/{made}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert ann.ask("GET", f"/endpoints/{made}").status_code == 404
    assert ann.ask("DELETE", f"/endpoints/{made}").status_code == 404
    assert ann.data("GET", "/endpoints") == []


def test_both_secrets_sign_for_the_overlap_that_was_asked_for(
    ann: Customer, convoy: Convoy
) -> None:
    made = ann.register()
    first = ann.data("GET", f"/endpoints/{made}/secret")["secret"]

    second = ann.data("POST", f"/endpoints/{made}/rotate", json={"overlap_h": 5})["secret"]

    assert second != first
    assert ann.data("GET", f"/endpoints/{made}/secret") == {"secret": second}
    signed = ann.data("POST", f"/endpoints/{made}/rotate", json={})["secret"]
    assert signed not in {first, second}
    assert len(_signatures(ann)) == 3
    assert ann.data("POST", f"/endpoints/{made}/rotate", json={"overlap_h": 0})["secret"]
    assert len(_signatures(ann)) == 3


def test_an_endpoint_has_only_so_many_secrets_that_sign(ann: Customer, convoy: Convoy) -> None:
    """Each makes each webhook's header longer."""
    rotate = _rotated(ann, 9, overlap_h=168)

    refusal = _refusal(ann, rotate, overlap_h=1)

    assert refusal.startswith("The endpoint has 10 secrets that sign, and 10 is")
    assert len(_signatures(ann)) == 10
    assert ann.data("POST", rotate, json={"overlap_h": 0})["secret"]
    convoy.clock.read = lambda: now() + timedelta(hours=168)
    assert ann.data("POST", rotate, json={"overlap_h": 1})["secret"]


def test_an_endpoint_had_only_so_many_secrets(
    ann: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Convoy lists each, also those that sign no more."""
    monkeypatch.setattr(endpoints, "MAX_SECRETS", 3)
    rotate = _rotated(ann, 2, overlap_h=0)

    refusal = _refusal(ann, rotate, overlap_h=0)

    assert refusal.startswith("The endpoint had 3 secrets, which is the maximum.")


def _rotated(ann: Customer, times: int, overlap_h: int) -> str:
    """The path that rotates the secret of a new endpoint, after so many rotations."""
    rotate = f"/endpoints/{ann.register()}/rotate"
    for _ in range(times):
        ann.data("POST", rotate, json={"overlap_h": overlap_h})
    return rotate


def _refusal(ann: Customer, rotate: str, overlap_h: int) -> str:
    refused = ann.ask("POST", rotate, json={"overlap_h": overlap_h})
    assert refused.status_code == 409
    detail: str = refused.json()["detail"]
    return detail


def _signatures(ann: Customer) -> list[str]:
    """The signatures of the next event's attempt."""
    ann.publish("created", f"event-{len(ann.delivered())}")
    delivery = ann.delivered()[0]["id"]
    (attempt,) = ann.convoy.ask("GET", f"/eventdeliveries/{delivery}/deliveryattempts")
    header: str = attempt["request_http_header"]["X-Convoy-Signature"]
    return [each for each in header.split(",") if each.startswith("v1=")]
