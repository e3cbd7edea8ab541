"""Two owners at every route: neither sees or changes what is the other's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from starlette.routing import Route

from app.convoy_admin import sdk
from tests.integration.customers.world import UNKNOWN, World, routes

if TYPE_CHECKING:
    from tests.integration.customers.world import Customer
    from tests.stand_in import Convoy

Call = tuple[str, str, dict[str, Any] | None]

OF_AN_ENDPOINT: list[Call] = [
    ("GET", "/endpoints/{id}", None),
    ("PUT", "/endpoints/{id}", {"url": "https://example.com/bobs"}),
    ("PUT", "/endpoints/{id}", {"event_types": ["*"]}),
    ("PUT", "/endpoints/{id}", {"paused": True}),
    ("DELETE", "/endpoints/{id}", None),
    ("GET", "/endpoints/{id}/secret", None),
    ("POST", "/endpoints/{id}/rotate", {"overlap_h": 0}),
    ("POST", "/endpoints/{id}/test", None),
    ("POST", "/endpoints/{id}/recover", {"since": "2026-01-01T00:00:00Z"}),
    ("GET", "/deliveries?endpoint={id}", None),
]
OF_A_DELIVERY: list[Call] = [
    ("GET", "/deliveries/{id}", None),
    ("POST", "/deliveries/{id}/resend", None),
]
OF_THE_OWNER = {("GET", "/endpoints"), ("POST", "/endpoints"), ("GET", "/deliveries")}

MALFORMED = [
    "x",
    "..",
    "%2e%2e",
    "*",
    "a%2Fb",
    "a%3Fb=c",
    "%20",
    "%00",
    "é",
    "0" * 27,
    UNKNOWN.lower(),
]


@pytest.fixture
def anns(ann: Customer) -> tuple[str, str]:
    """The ids of Ann's endpoint and of a delivery to it."""
    endpoint = ann.register()
    ann.publish("created", "a")
    return endpoint, ann.delivered()[0]["id"]


def test_every_route_is_tried(world: World) -> None:
    found = {
        (method, route.path.removeprefix("/webhooks"))
        for route in routes(*world.parts)
        if isinstance(route, Route)
        for method in route.methods or ()
    }

    tried = {(method, path.partition("?")[0]) for method, path, _ in OF_AN_ENDPOINT + OF_A_DELIVERY}
    assert tried | OF_THE_OWNER == found


@pytest.mark.parametrize("call", OF_AN_ENDPOINT + OF_A_DELIVERY)
def test_anothers_id_an_unknown_and_a_malformed_one_are_the_same_404(
    anns: tuple[str, str], ann: Customer, bob: Customer, world: World, call: Call
) -> None:
    bob.register("https://example.com/bob")
    method, path, body = call
    endpoint, delivery = anns
    mine = delivery if call in OF_A_DELIVERY else endpoint
    before = world.everything()

    answers = [
        bob.ask(method, path.replace("{id}", each), json=body)
        for each in (mine, UNKNOWN, *MALFORMED)
    ]

    known, *others = answers
    assert known.status_code == 404
    assert known.headers["content-type"] == "application/problem+json"
    assert mine not in known.text
    for each, text in zip(others, (UNKNOWN, *MALFORMED), strict=True):
        if text not in {"..", "%2e%2e", "a%2Fb"} or "?" in path:  # those are paths of no route
            assert each.json() == known.json(), text
        assert each.status_code in {404, 405}
    assert world.everything() == before
    assert ann.ask(method, path.replace("{id}", mine), json=body).is_success


@pytest.mark.parametrize("call", OF_AN_ENDPOINT + OF_A_DELIVERY)
def test_the_operators_endpoints_without_an_owner_are_nobodys(
    ann: Customer, convoy: Convoy, world: World, call: Call
) -> None:
    body = {"name": "none", "url": convoy.receiver}
    endpoint = convoy.ask("POST", "/endpoints", json=body)["uid"]
    convoy.ask("POST", "/subscriptions", json={"name": "all", "endpoint_id": endpoint})
    event = {"endpoint_id": endpoint, "event_type": "created", "data": {}}
    convoy.ask("POST", "/events", json=event)
    convoy.wait_for_worker()
    (delivery,) = convoy.deliveries()
    method, path, asked = call
    found = delivery["uid"] if call in OF_A_DELIVERY else endpoint

    assert ann.ask(method, path.replace("{id}", found), json=asked).status_code == 404
    assert ann.data("GET", "/endpoints") == ann.data("GET", "/deliveries") == []


def test_lists_have_only_what_is_the_owners(
    anns: tuple[str, str], ann: Customer, bob: Customer
) -> None:
    assert bob.data("GET", "/endpoints") == bob.data("GET", "/deliveries") == []
    made = bob.register()
    bob.publish("created", "b")
    ann.publish("created", "c")

    assert [each["event"] for each in bob.delivered()] == ["b"]
    assert [each["endpoint"] for each in bob.delivered(endpoint=made)] == [made]
    assert [each["event"] for each in ann.delivered()] == ["c", "a"]
    assert [each["id"] for each in bob.data("GET", "/endpoints")] == [made]


def test_nothing_of_anothers_is_shown_or_sent_though_convoy_ignores_the_filter(
    anns: tuple[str, str], bob: Customer, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bob.register(paused=True)
    bob.data("PUT", f"/endpoints/{made}", json={"paused": False})
    list_deliveries, before = sdk.deliveries, world.everything()

    def without_filter(*about: Any, endpoint_id: object, status: object = (), **others: Any) -> Any:
        assert endpoint_id == [made]
        return list_deliveries(*about, **others)

    monkeypatch.setattr(sdk, "deliveries", without_filter)

    for answer in (
        bob.ask("GET", "/deliveries"),
        bob.ask("POST", f"/endpoints/{made}/recover", json={"since": "2026-01-01T00:00:00Z"}),
    ):
        assert answer.status_code == 503
        assert not any(each in answer.text for each in anns)
    assert world.everything() == before


def test_anothers_event_and_anothers_cursor_show_nothing(ann: Customer, bob: Customer) -> None:
    event = "01a20c91-a000-7111-8c99-8b099a3e16df"
    ann.register()
    bob.register()
    for key in (event, "b", "c"):
        ann.publish("created", key)
    cursor = ann.ask("GET", "/deliveries", params={"limit": 1}).json()["next"]

    assert [each["event"] for each in ann.delivered(event=event)] == [event]
    assert bob.delivered(event=event) == bob.delivered(after=cursor) == []


def test_a_deleted_endpoints_deliveries_are_nobodys(
    anns: tuple[str, str], ann: Customer, bob: Customer
) -> None:
    endpoint, delivery = anns
    ann.data("GET", f"/deliveries/{delivery}")
    assert ann.ask("DELETE", f"/endpoints/{endpoint}").status_code == 204

    assert ann.ask("GET", f"/deliveries/{delivery}").status_code == 404
    assert ann.data("GET", "/deliveries") == []
    assert ann.ask("POST", f"/deliveries/{delivery}/resend").status_code == 404
