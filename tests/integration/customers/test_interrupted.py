"""A creation that stops halfway is finished by the same request, and nothing half-made stays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.integration.customers.world import WANTED, Customer, World

if TYPE_CHECKING:
    from tests.stand_in import Convoy
    from tests.support import JsonObject

CALLS: list[tuple[str, str, str]] = [
    ("GET", "/endpoints", ""),
    ("POST", "/endpoints", ""),
    ("GET", "/endpoints/*", ""),
    ("PUT", "/endpoints/*/pause", ""),
    ("GET", "/subscriptions", ""),
    ("POST", "/subscriptions", ""),
    ("GET", "/subscriptions/*/filters", ""),
    *(("POST", "/subscriptions/*/filters", f'"{each}"') for each in WANTED),
    ("DELETE", "/subscriptions/*/filters/*", ""),
]
"""The calls to Convoy of a creation: method, path, text in the body."""

FAILURES: list[JsonObject] = [{"status": 503}, {"status": 400}, {"lose_answer": True}]


@pytest.mark.parametrize("failure", FAILURES, ids=["outage", "refusal", "answer lost"])
@pytest.mark.parametrize(("method", "path", "containing"), CALLS)
def test_a_creation_that_stopped_is_finished_by_the_same_request(
    ann: Customer,
    convoy: Convoy,
    world: World,
    method: str,
    path: str,
    containing: str,
    failure: JsonObject,
) -> None:
    body = {"url": convoy.receiver, "description": "Mine", "paused": True}
    times = 2 if method == "GET" and "lose_answer" in failure else 1  # a GET is repeated once
    fault = {"method": method, "path": path, "containing": containing, "times": times}
    convoy.fail(**fault, **failure)

    stopped = ann.ask("POST", "/endpoints", json=body)
    convoy.recover()
    finished = ann.ask("POST", "/endpoints", json=body)

    assert stopped.status_code == 503
    assert "retry-after" in stopped.headers
    if method == "DELETE" and "lose_answer" in failure:
        assert finished.status_code == 409  # the lost answer was the last one
    else:
        assert finished.status_code == 201
        secret = ann.data("GET", f"/endpoints/{finished.json()['data']['id']}/secret")["secret"]
        assert finished.json()["secret"] == secret
    (endpoint,) = ann.data("GET", "/endpoints")
    assert endpoint["event_types"] == sorted(WANTED)
    assert (endpoint["status"], endpoint["description"]) == ("paused", "Mine")
    assert [len(each) for each in world.everything()["filters"]] == [len(WANTED)]
    assert ann.ask("POST", "/endpoints", json=body).status_code == 409


@pytest.mark.parametrize(
    ("path", "chosen"),
    [("/subscriptions", ["created"]), ("/subscriptions/*/filters", ["*"])],
)
def test_a_request_that_finishes_an_endpoint_has_the_last_word(
    ann: Customer, convoy: Convoy, path: str, chosen: list[str]
) -> None:
    first = {"url": convoy.receiver, "description": "First", "paused": True}
    convoy.fail(method="POST", path=path, status=503, times=1)
    assert ann.ask("POST", "/endpoints", json=first).status_code == 503

    second = {"url": convoy.receiver, "event_types": chosen}
    finished = ann.data("POST", "/endpoints", json=second)

    assert (finished["description"], finished["status"]) == ("", "active")
    assert finished["event_types"] == chosen
    assert ann.ask("POST", "/endpoints", json=second).status_code == 409
    ann.publish("created", "a")
    assert [each["status"] for each in ann.delivered()] == ["Success"]


def test_an_endpoint_of_the_operator_without_a_subscription_is_finished(
    ann: Customer, convoy: Convoy
) -> None:
    made = convoy.endpoint("ann", subscribed=False)

    assert ann.register(event_types=["*"]) == made
    assert ann.data("GET", f"/endpoints/{made}")["event_types"] == ["*"]


def test_an_endpoint_of_the_operator_gets_everything_and_is_whole(
    ann: Customer, convoy: Convoy
) -> None:
    made = convoy.endpoint("ann")

    assert ann.data("GET", f"/endpoints/{made}")["event_types"] == ["*"]
    assert ann.ask("POST", "/endpoints", json={"url": convoy.receiver}).status_code == 409


def at_once(ann: Customer, urls: list[str]) -> list[int]:
    """The statuses of creations that all begin before one of them makes its endpoint."""
    ann.convoy.fail(method="POST", path="/endpoints", delay_s=0.5)
    with ThreadPoolExecutor(len(urls)) as pool:
        answers = pool.map(lambda url: ann.ask("POST", "/endpoints", json={"url": url}), urls)
        return sorted(each.status_code for each in answers)


def test_concurrent_creations_of_one_url_make_one_endpoint(ann: Customer) -> None:
    assert at_once(ann, ["https://example.com"] * 3) == [201, 409, 409]
    assert len(ann.data("GET", "/endpoints")) == 1


def test_concurrent_creations_do_not_exceed_the_limit(ann: Customer) -> None:
    for number in range(8):
        ann.register(f"https://{number}.example.com")

    urls = [f"https://{each}.example.com" for each in ("a", "b", "c", "d")]
    assert at_once(ann, urls) == [201, 201, 409, 409]

    assert len(ann.data("GET", "/endpoints")) == 10


def test_an_interrupted_update_is_repeated(ann: Customer, convoy: Convoy) -> None:
    made = ann.register("https://example.com", event_types=["created"])
    changes = {"description": "New", "event_types": ["deleted", "updated"], "paused": True}
    for method, path in (
        ("PUT", "/endpoints/*"),
        ("POST", "/subscriptions/*/filters"),
        ("DELETE", "/subscriptions/*/filters/*"),
        ("PUT", "/endpoints/*/pause"),
    ):
        for failure in FAILURES:
            convoy.fail(method=method, path=path, times=1, **failure)
            ann.ask("PUT", f"/endpoints/{made}", json=changes)
            convoy.recover()

    after = ann.data("PUT", f"/endpoints/{made}", json=changes)

    assert (after["description"], after["status"]) == ("New", "paused")
    assert after["event_types"] == ["deleted", "updated"]
