"""A customer sees a delivery with its attempts, and recovers what an endpoint missed."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from starlette.testclient import TestClient

from app.customers.time_limit import TimeLimit
from app.customers.views import attempt_view
from app.wiring.clock import new_event_id, now
from tests.integration.customers.world import Customer, World

if TYPE_CHECKING:
    from tests.stand_in import Convoy

LONG_AGO = "2026-01-01T00:00:00Z"


def test_a_delivery_shows_its_event_and_its_attempts(ann: Customer, convoy: Convoy) -> None:
    endpoint = ann.register()
    event = new_event_id(now())
    ann.publish("created", event)

    (listed,) = ann.delivered()
    shown = ann.data("GET", f"/deliveries/{listed['id']}")

    assert listed == {
        "id": listed["id"],
        "event": event,
        "event_type": "created",
        "endpoint": endpoint,
        "url": convoy.receiver,
        "status": "Success",
        "attempts": 1,
        "created_at": listed["created_at"],
    }
    (attempt,) = shown.pop("attempts_made")
    assert shown == listed
    assert attempt["latency_ms"] >= 0
    assert (attempt["arrived"], attempt["answer"]) == (True, "204 No Content")
    assert datetime.fromisoformat(attempt["at"]).tzinfo


def test_an_attempt_without_an_answer_says_why(ann: Customer) -> None:
    ann.register("http://127.0.0.1:9/nobody")
    ann.publish("created", "a")

    (listed,) = ann.delivered(status="Failure")
    first, *_ = ann.data("GET", f"/deliveries/{listed['id']}")["attempts_made"]

    assert (first["arrived"], first["latency_ms"]) == (False, None)
    assert first["answer"] == "connection refused"


def test_an_answer_is_shown_from_its_beginning_and_an_error_by_its_kind() -> None:
    asked: dict[str, Any] = {"requested_at": "2026-11-26T12:00:00Z"}

    for error, answer in {
        'Post "https://tls.example": dial tcp 10.0.0.7:443: connect: connection refused': (
            "connection refused"
        ),
        "dial tcp: lookup example.com on 10.0.0.2:53: no such host": "name not found",
        "context deadline exceeded (Client.Timeout exceeded while awaiting headers)": "timed out",
        "tls: failed to verify certificate: x509: certificate has expired": "TLS failed",
        "read tcp 10.0.0.5:4711->93.184.215.14:443: connection reset by peer": "no answer",
        "": "no answer",
    }.items():
        assert attempt_view(asked | {"error": error})["answer"] == answer
    assert attempt_view(asked)["answer"] == "no answer"
    long = attempt_view(asked | {"http_status": "500 Oh no", "response_data": "x" * 2000})
    assert (long["answer"], len(long["body"])) == ("500 Oh no", 1000)


def test_a_delivery_that_waits_says_for_when(ann: Customer, convoy: Convoy) -> None:
    ann.register()
    convoy.stop_worker("deliveries")
    ann.convoy.ask(
        "POST",
        "/events/fanout",
        json={"owner_id": "ann", "event_type": "created", "data": {}},
    )
    convoy.wait_for_worker("deliveries")

    (waiting,) = ann.data("GET", "/deliveries")
    convoy.start_worker()

    assert waiting["status"] == "Scheduled"
    assert waiting["next_attempt_at"]
    assert "event" not in waiting  # it has no key: this API did not publish it


def test_what_an_endpoint_missed_is_recovered_and_nothing_else(
    ann: Customer, bob: Customer, convoy: Convoy
) -> None:
    made = ann.register(event_types=["created"])
    ann.register("http://127.0.0.1:9/nobody")
    bob.register("http://127.0.0.1:9/nobody")
    ann.publish("created", "arrived")
    convoy.let_the_receiver_fail()
    ann.publish("created", "failed")
    bob.publish("created", "bobs")
    convoy.deliveries()
    ann.data("PUT", f"/endpoints/{made}", json={"paused": True})
    ann.publish("created", "discarded")
    ann.data("PUT", f"/endpoints/{made}", json={"paused": False})
    convoy.let_the_receiver_fail(0)
    others = {each["id"] for each in convoy_ids(convoy) if each["endpoint"] != made}

    recovered = ann.data("POST", f"/endpoints/{made}/recover", json={"since": LONG_AGO})

    assert recovered == {"resent": 2, "more": False}
    after = {each["event"]: each for each in ann.delivered(endpoint=made)}
    assert {each["status"] for each in after.values()} == {"Success"}
    assert after["arrived"]["attempts"] == 1
    assert {each["id"] for each in convoy_ids(convoy) if each["status"] == "Failure"} == others
    again = ann.data("POST", f"/endpoints/{made}/recover", json={"since": LONG_AGO})
    assert again == {"resent": 0, "more": False}


def convoy_ids(convoy: Convoy) -> list[dict[str, str]]:
    return [
        {"id": each["uid"], "endpoint": each["endpoint_id"], "status": each["status"]}
        for each in convoy.deliveries()
    ]


def test_only_what_was_missed_since_then_is_recovered(ann: Customer, convoy: Convoy) -> None:
    made = ann.register(paused=True)
    at = now() - timedelta(days=31)
    for days in range(0, 40, 10):
        convoy.clock.read = lambda days=days: at + timedelta(days=days)  # type: ignore[misc]
        ann.publish("created", f"event-{days}")
    convoy.clock.read = now
    ann.data("PUT", f"/endpoints/{made}", json={"paused": False})

    for since, resent in (
        ("9999-12-31T23:59:59-01:00", 0),
        ((at + timedelta(days=20)).astimezone(None).isoformat(), 2),
        ("0900-01-01T00:00:00Z", 1),  # nothing over 30 days old
        ("0001-01-01T00:00:00+01:00", 0),
    ):
        recovered = ann.data("POST", f"/endpoints/{made}/recover", json={"since": since})
        assert recovered == {"resent": resent, "more": False}
        convoy.deliveries()


def test_a_recovery_ends_in_time_and_says_that_there_is_more(convoy: Convoy) -> None:
    clock = Seconds()
    world = World(convoy, limit=TimeLimit(16.0, clock))
    with closing(world), TestClient(world.app()) as http:
        ann = Customer(http, "ann", convoy)
        made = ann.register(paused=True)
        for number in range(5):
            ann.publish("created", f"event-{number}")
        ann.data("PUT", f"/endpoints/{made}", json={"paused": False})
        world.calls.after_each = clock.tick
        recover = f"/endpoints/{made}/recover"
        first = ann.data("POST", recover, json={"since": LONG_AGO})
        newest, *sent = ann.delivered()
        second = ann.data("POST", recover, json={"since": LONG_AGO})

    assert first == {"resent": 4, "more": True}
    assert (newest["event"], newest["status"]) == ("event-4", "Discarded")
    assert {each["status"] for each in sent} == {"Success"}
    assert second == {"resent": 1, "more": False}


class Seconds:
    """A clock on which each call to Convoy takes two seconds."""

    at = 0.0

    def __call__(self) -> float:
        return self.at

    def tick(self) -> None:
        self.at += 2.0


def test_a_recovery_leaves_out_what_another_request_sent_again(
    ann: Customer, convoy: Convoy, world: World
) -> None:
    made = ann.register(paused=True)
    for number in range(2):
        ann.publish("created", f"event-{number}")
    ann.data("PUT", f"/endpoints/{made}", json={"paused": False})
    newest, _ = ann.delivered()
    calls = iter(range(100))

    def send_first() -> None:
        if next(calls) == 1:  # the recovery has just listed both
            convoy.ask("PUT", f"/eventdeliveries/{newest['id']}/resend")
            convoy.wait_for_worker()

    world.calls.after_each = send_first
    recovered = ann.data("POST", f"/endpoints/{made}/recover", json={"since": LONG_AGO})

    assert recovered == {"resent": 1, "more": False}
    assert {each["metadata"]["num_trials"] for each in convoy.deliveries()} == {1}


def test_a_recovery_that_convoy_refuses_is_a_503(ann: Customer, convoy: Convoy) -> None:
    made = ann.register(paused=True)
    ann.publish("created", "a")
    ann.data("PUT", f"/endpoints/{made}", json={"paused": False})
    convoy.fail(path="/eventdeliveries/*/resend", status=400)

    answer = ann.ask("POST", f"/endpoints/{made}/recover", json={"since": LONG_AGO})

    assert answer.status_code == 503
    convoy.recover()
    recovered = ann.data("POST", f"/endpoints/{made}/recover", json={"since": LONG_AGO})
    assert recovered == {"resent": 1, "more": False}
