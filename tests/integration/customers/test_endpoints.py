"""A customer makes endpoints: what they get, which URLs and bodies are refused, how many."""

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
