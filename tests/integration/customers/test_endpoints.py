"""A customer makes endpoints, changes them, and deletes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.wiring.customers import EVENT_TYPES
from tests.integration.customers.world import WANTED, World

if TYPE_CHECKING:
    from tests.integration.customers.world import Customer
    from tests.stand_in import Convoy

PUBLIC = "https://example.com/webhooks"


def test_a_new_endpoint_gets_the_events_of_changes_and_not_of_reads(ann: Customer) -> None:
    made = ann.ask("POST", "/endpoints", json={"url": ann.convoy.receiver, "description": "Mine"})

    endpoint = made.json()["data"]
    assert made.status_code == 201
    assert made.headers["location"] == f"/webhooks/endpoints/{endpoint['id']}"
    assert endpoint == {
        "id": endpoint["id"],
        "url": ann.convoy.receiver,
        "description": "Mine",
        "event_types": sorted(WANTED),
        "status": "active",
        "created_at": endpoint["created_at"],
    }
    for event_type in EVENT_TYPES:
        ann.publish(event_type, f"the {event_type}")
    assert {each["event_type"] for each in ann.delivered()} == set(WANTED)


def test_the_secret_is_in_the_creations_answer_and_in_its_own_alone(ann: Customer) -> None:
    made = ann.ask("POST", "/endpoints", json={"url": PUBLIC})
    secret, one = made.json()["secret"], f"/endpoints/{made.json()['data']['id']}"

    assert secret
    assert ann.data("GET", f"{one}/secret") == {"secret": secret}
    others = [
        ann.ask("GET", "/endpoints"),
        ann.ask("GET", one),
        ann.ask("PUT", one, json={"paused": True}),
        ann.ask("POST", "/endpoints", json={"url": PUBLIC}),
        ann.ask("GET", "/deliveries"),
    ]
    assert [each.status_code for each in others] == [200, 200, 200, 409, 200]
    assert not any(secret in each.text for each in others)


def test_endpoints_are_listed_oldest_first_with_their_event_types(ann: Customer) -> None:
    chosen = [["created"], ["*"], ["deleted", "ping"]]
    ids = [
        ann.register(f"https://{number}.example.com", event_types=types)
        for number, types in enumerate(chosen)
    ]

    listed = ann.data("GET", "/endpoints")

    assert [each["id"] for each in listed] == ids
    assert [each["event_types"] for each in listed] == chosen
    assert [ann.data("GET", f"/endpoints/{each}") for each in ids] == listed


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


def _signatures(ann: Customer) -> list[str]:
    """The signatures of the next event's attempt."""
    ann.publish("created", f"event-{len(ann.delivered())}")
    delivery = ann.delivered()[0]["id"]
    (attempt,) = ann.convoy.ask("GET", f"/eventdeliveries/{delivery}/deliveryattempts")
    header: str = attempt["request_http_header"]["X-Convoy-Signature"]
    return [each for each in header.split(",") if each.startswith("v1=")]


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


def test_a_second_endpoint_of_a_url_is_a_409_that_names_the_first(ann: Customer) -> None:
    made = ann.register("https://example.com/webhooks")
    other = ann.register("https://example.com/other")

    again = ann.ask("POST", "/endpoints", json={"url": "HTTPS://Example.com:443/webhooks"})
    ann.data("PUT", f"/endpoints/{made}", json={"event_types": ["*"]})
    to_all = ann.ask("POST", "/endpoints", json={"url": "https://example.com/webhooks"})
    moved = ann.ask("PUT", f"/endpoints/{other}", json={"url": "https://example.com/webhooks"})

    for answer in (again, to_all, moved):
        assert answer.status_code == 409
        assert made in answer.json()["detail"]
    assert ann.data("GET", f"/endpoints/{made}")["event_types"] == ["*"]
    assert [each["id"] for each in ann.data("GET", "/endpoints")] == [made, other]


def test_two_owners_may_have_endpoints_of_one_url(ann: Customer, bob: Customer) -> None:
    assert ann.register(PUBLIC) != bob.register(PUBLIC)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://hook.private/", "must name a public host"),
        ("https://[64:ff9b::a9fe:a9fe]/", "must name a public host"),
        ("http://example.com/", "except for localhost"),
        ("https://ann@example.com/", "no user name"),
    ],
)
def test_a_private_address_is_a_422_and_nothing_is_made(
    ann: Customer, world: World, url: str, problem: str
) -> None:
    made = ann.register(PUBLIC)
    before = world.everything()

    for answer in (
        ann.ask("POST", "/endpoints", json={"url": url}),
        ann.ask("PUT", f"/endpoints/{made}", json={"url": url, "paused": True}),
    ):
        assert answer.status_code == 422
        (fault,) = answer.json()["errors"]
        assert (fault["in"], fault["field"]) == ("body", "url")
        assert problem in fault["detail"]
    assert world.everything() == before


def test_a_url_that_convoy_does_not_take_is_a_422_without_its_words(
    ann: Customer, convoy: Convoy
) -> None:
    message = "endpoint validation failed: dial tcp 10.1.2.3:443: connection refused"
    convoy.fail(
        method="POST",
        path="/endpoints",
        status=400,
        body=f'{{"status":false,"message":"{message}"}}',
    )

    answer = ann.ask("POST", "/endpoints", json={"url": PUBLIC})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "url"
    assert "at each change of url or description" in answer.text
    assert "10.1.2.3" not in answer.text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": 7}, "url"),
        ({"url": ""}, "url"),
        ({"url": "https://example.com/" + "x" * 2048}, "url"),
        ({"url": PUBLIC, "description": "x" * 501}, "description"),
        ({"url": PUBLIC, "description": "\0"}, "description"),
        ({"url": PUBLIC, "event_types": []}, "event_types"),
        ({"url": PUBLIC, "event_types": ["bought"]}, "event_types.0"),
        ({"url": PUBLIC, "event_types": ["*", "created"]}, "event_types"),
        ({"url": PUBLIC, "event_types": None}, "event_types"),
        ({"url": PUBLIC, "paused": "yes"}, "paused"),
        ({"url": PUBLIC, "owner_id": "bob"}, "owner_id"),
        ({"url": PUBLIC, "secret": "mine"}, "secret"),
    ],
)
def test_a_wrong_body_is_a_422_that_names_the_field(
    ann: Customer, convoy: Convoy, body: dict[str, object], field: str
) -> None:
    answer = ann.ask("POST", "/endpoints", json=body)

    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert convoy.ask("GET", "/endpoints")["content"] == []


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("", {}, "body"),
        ("", {"id": "x"}, "id"),
        ("/rotate", {"overlap_h": 169}, "overlap_h"),
        ("/rotate", {"overlap_h": -1}, "overlap_h"),
        ("/rotate", {"overlap_h": 1.5}, "overlap_h"),
        ("/recover", {}, "since"),
        ("/recover", {"since": "2026-11-26"}, "since"),
        ("/recover", {"since": "2026-11-26T12:00:00"}, "since"),
    ],
)
def test_a_wrong_change_is_a_422_that_names_the_field(
    ann: Customer, world: World, path: str, body: dict[str, object], field: str
) -> None:
    made = ann.register(PUBLIC)
    before = world.everything()

    method = "POST" if path else "PUT"
    answer = ann.ask(method, f"/endpoints/{made}{path}", json=body)

    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert world.everything() == before


def test_an_owner_has_only_so_many_endpoints(ann: Customer, bob: Customer) -> None:
    for number in range(10):
        ann.register(f"https://{number}.example.com")

    too_many = "You have 10 endpoints, which is the maximum. Delete one first."
    refused = ann.ask("POST", "/endpoints", json={"url": PUBLIC})

    assert refused.status_code == 409
    assert refused.json()["detail"] == too_many
    assert len(ann.data("GET", "/endpoints")) == 10
    bob.register(PUBLIC)
    half_made = ann.convoy.endpoint("ann", PUBLIC, subscribed=False)
    refused = ann.ask("POST", "/endpoints", json={"url": PUBLIC})
    assert (refused.status_code, refused.json()["detail"]) == (409, too_many)
    ann.ask("DELETE", f"/endpoints/{ann.data('GET', '/endpoints')[0]['id']}")
    assert ann.register(PUBLIC) == half_made
