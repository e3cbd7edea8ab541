"""The relay retries deliveries that hang, and counts failed and discarded deliveries."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.convoy import deliveries
from app.convoy.deliveries import ConvoyDeliveries
from app.outbox.deliveries import (
    COUNTED_FOR,
    HUNG_AFTER,
    LOOKED_BACK,
    DeliveryReport,
    Undelivered,
    check_deliveries,
)
from app.outbox.event_list import NotAnswered
from app.outbox.outcomes import Accepted
from app.wiring.clock import new_event_id, now
from tests.components import make_relay

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.questions import Questions
    from tests.stand_in import Convoy

NOTHING = DeliveryReport(hung=0, retried=0, failed=0, discarded=0, disabled_endpoints=0)


def seen_later(
    questions: Questions, later: timedelta = HUNG_AFTER + timedelta(minutes=1)
) -> DeliveryReport:
    """The report of a pass that runs so long after now."""
    return check_deliveries(ConvoyDeliveries(questions), now() + later)


def hang(convoy: Convoy, *keys: str) -> None:
    """Let Convoy create deliveries, and lose them."""
    convoy.stop_worker("deliveries")
    for key in keys:
        convoy.send(key)
    until_waiting(convoy, len(keys))
    assert convoy.lose("deliveries") == len(keys)
    convoy.start_worker()


def until_waiting(convoy: Convoy, count: int) -> None:
    while convoy.waiting()["deliveries"] < count:
        pass


def test_without_deliveries_nothing_is_retried(questions: Questions) -> None:
    assert seen_later(questions) == NOTHING


def test_hung_deliveries_are_retried_in_bulk_and_arrive(
    convoy: Convoy, questions: Questions
) -> None:
    convoy.endpoint("ann")
    hang(convoy, "e1", "e2")

    report = seen_later(questions)

    assert (report.hung, report.retried) == (2, 2)
    assert len(convoy.deliveries(status="Success")) == 2
    assert seen_later(questions) == NOTHING


def test_deliveries_lost_in_both_stages_are_retried_by_one_call(
    convoy: Convoy, questions: Questions
) -> None:
    convoy.endpoint("ann")
    convoy.stop_worker("attempts")
    convoy.send("e1")
    while convoy.waiting()["attempts"] < 1:
        pass
    convoy.lose("attempts")
    hang(convoy, "e2")
    convoy.stop_worker("batch_retries")  # a second call would be refused

    report = seen_later(questions)

    assert (report.hung, report.retried) == (2, 2)
    convoy.start_worker()
    assert len(convoy.deliveries(status="Success")) == 2


def test_a_new_delivery_does_not_hang(convoy: Convoy, questions: Questions) -> None:
    convoy.endpoint("ann")
    hang(convoy, "e1")

    assert seen_later(questions, timedelta()) == NOTHING


def test_an_old_delivery_that_is_attempted_now_does_not_hang(
    convoy: Convoy, questions: Questions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Created long ago, and changed a moment ago: it came out of `Retry`."""
    convoy.endpoint("ann")
    hang(convoy, "e1")
    original = ConvoyDeliveries._first

    def page(self: ConvoyDeliveries, **filters: object) -> list[dict[str, object]]:
        changed = (now() + HUNG_AFTER).isoformat()
        return [each | {"updated_at": changed} for each in original(self, **filters)]

    monkeypatch.setattr(ConvoyDeliveries, "_first", page)

    assert seen_later(questions).hung == 0


def wait_for_a_retry(convoy: Convoy) -> None:
    """A delivery failed. Its next attempt is due, and Convoy's worker is stopped."""
    convoy.endpoint("ann")
    convoy.stop_worker("retries")
    convoy.let_the_receiver_fail()
    convoy.send("e1")
    while convoy.waiting()["retries"] < 1:
        pass
    convoy.let_the_receiver_fail(0)


def test_a_delivery_that_waits_for_its_next_attempt_is_not_retried(
    convoy: Convoy, questions: Questions
) -> None:
    wait_for_a_retry(convoy)

    almost = HUNG_AFTER - timedelta(minutes=1)
    assert seen_later(questions, almost) == NOTHING
    convoy.start_worker()


def test_a_delivery_whose_next_attempt_convoy_lost_is_retried_and_arrives(
    convoy: Convoy, questions: Questions
) -> None:
    wait_for_a_retry(convoy)
    assert convoy.lose("retries") == 1
    convoy.start_worker()

    report = seen_later(questions)

    assert (report.hung, report.retried) == (1, 1)
    assert len(convoy.deliveries(status="Success")) == 1


def test_a_delivery_that_arrives_before_the_bulk_retry_arrives_once(
    convoy: Convoy, questions: Questions
) -> None:
    convoy.endpoint("ann")
    hang(convoy, "e1")
    deliveries, start, end = ConvoyDeliveries(questions), now() - LOOKED_BACK, now() + HUNG_AFTER
    hung = deliveries.hung(start, end)
    assert hung

    assert deliveries.retry_hung(hung)
    convoy.wait_for_worker()
    assert deliveries.retry_hung(hung)
    convoy.wait_for_worker()

    assert deliveries.hung(start, end) is None
    (delivery,) = convoy.deliveries()
    assert (delivery["status"], delivery["metadata"]["num_trials"]) == ("Success", 1)


def test_a_bulk_retry_that_convoy_lost_is_reported_and_the_rest_is_counted(
    convoy: Convoy, questions: Questions, caplog: pytest.LogCaptureFixture
) -> None:
    convoy.endpoint("ann")
    hang(convoy, "e1")
    convoy.stop_worker("batch_retries")
    assert seen_later(questions).retried == 1
    assert convoy.lose("batch_retries") == 1
    convoy.let_the_receiver_fail()
    convoy.send("e2")
    while not convoy.ask("GET", "/eventdeliveries", params={"status": "Failure"})["content"]:
        pass
    convoy.let_the_receiver_fail(0)

    report = seen_later(questions)

    assert (report.hung, report.retried, report.failed) == (1, 0, 1)
    assert "1 deliveries hang, and Convoy's last bulk retry is not over" in caplog.text


@pytest.mark.parametrize(
    ("status", "discarded", "disabled"),
    [("paused", 0, 0), ("inactive", 4, 2)],
)
def test_failed_deliveries_and_those_to_disabled_endpoints_are_counted(
    convoy: Convoy,
    questions: Questions,
    monkeypatch: pytest.MonkeyPatch,
    status: str,
    discarded: int,
    disabled: int,
) -> None:
    """Owners pause an endpoint on purpose: that is not counted. Convoy itself sets `inactive`."""
    convoy.endpoint("ann")
    endpoints = [convoy.endpoint("bob"), convoy.endpoint("bob")]
    convoy.let_the_receiver_fail()
    convoy.send("e1")
    convoy.send("e2")
    convoy.deliveries()
    convoy.let_the_receiver_fail(0)
    for endpoint in endpoints:
        convoy.ask("PUT", f"/endpoints/{endpoint}/pause")
    for key in ("e3", "e4"):
        convoy.send(key, "bob")
    convoy.deliveries()
    original = ConvoyDeliveries._first

    def page(self: ConvoyDeliveries, **filters: object) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = original(self, **filters)
        for each in found:
            if each["endpoint_metadata"]["status"] == "paused":
                each["endpoint_metadata"]["status"] = status
        return found

    monkeypatch.setattr(ConvoyDeliveries, "_first", page)
    report = seen_later(questions)

    assert report == DeliveryReport(
        hung=0, retried=0, failed=2, discarded=discarded, disabled_endpoints=disabled
    )


def test_deliveries_are_counted_across_pages_up_to_the_most(
    convoy: Convoy, questions: Questions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "PAGE", 2)
    endpoint = convoy.endpoint("ann")
    convoy.ask("PUT", f"/endpoints/{endpoint}/pause")
    for number in range(5):
        convoy.send(f"e{number}")
    convoy.deliveries()
    convoy.ask("PUT", f"/endpoints/{endpoint}/pause")

    assert seen_later(questions).discarded == 5
    monkeypatch.setattr(deliveries, "COUNTED", 3)
    assert seen_later(questions).discarded == 3


def test_a_failure_over_a_day_ago_is_not_counted(convoy: Convoy, questions: Questions) -> None:
    convoy.endpoint("ann")
    convoy.let_the_receiver_fail()
    convoy.send("e1")
    convoy.deliveries()

    assert seen_later(questions, timedelta(hours=23)).failed == 1
    assert seen_later(questions, COUNTED_FOR + timedelta(minutes=1)) == NOTHING


def test_a_delivery_that_hung_for_over_a_week_is_not_retried(
    convoy: Convoy, questions: Questions
) -> None:
    convoy.endpoint("ann")
    hang(convoy, "e1")

    class Old(ConvoyDeliveries):
        def undelivered(self, since: datetime) -> Undelivered:
            return Undelivered(0, 0, 0)  # Convoy answers 400 to a moment in the future

    assert check_deliveries(Old(questions), now() + LOOKED_BACK + timedelta(minutes=1)) == NOTHING


def test_a_deleted_endpoint_is_not_counted_as_disabled(
    questions: Questions, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = iter([[{"endpoint_metadata": None}], []])
    monkeypatch.setattr(ConvoyDeliveries, "_first", lambda *_, **__: next(pages))

    found = ConvoyDeliveries(questions).undelivered(now())

    assert (found.failed, found.disabled_endpoints) == (1, 0)


@pytest.mark.parametrize("path", ["/eventdeliveries", "/eventdeliveries/batchretry"])
def test_a_convoy_that_does_not_answer_leaves_the_pass_intact(
    convoy: Convoy,
    questions: Questions,
    dynamodb: DynamoDBClient,
    path: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Publisher:
        def publish(self, event: object) -> Accepted:
            return Accepted()

    convoy.endpoint("ann")
    hang(convoy, new_event_id(now()))
    convoy.fail(status=503, path=path)
    later = now() + HUNG_AFTER + timedelta(minutes=1)
    deliveries = ConvoyDeliveries(questions)

    report = make_relay(
        dynamodb, Publisher(), questions, lambda: later, deliveries=deliveries
    ).run()

    assert (report.deliveries, report.stopped) == (None, None)
    assert "deliveries not checked: 503: injected fault" in caplog.text


@pytest.mark.parametrize("damage", [{"updated_at": "never"}, {"updated_at": None}, {}])
def test_a_list_of_another_form_is_no_answer(
    questions: Questions, monkeypatch: pytest.MonkeyPatch, damage: dict[str, object]
) -> None:
    monkeypatch.setattr(ConvoyDeliveries, "_first", lambda *_, **__: [damage])

    with pytest.raises(NotAnswered, match="not in the form of Convoy's lists"):
        ConvoyDeliveries(questions).hung(now(), now())
