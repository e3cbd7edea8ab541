"""Metrics: lines that CloudWatch reads as numbers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from app.domain.events import Event
from app.outbox.deliveries import DeliveryReport
from app.outbox.metrics import MeteredPublisher, Metrics
from app.outbox.outcomes import Accepted, Misconfigured, Outcome, Refused, Unavailable
from app.outbox.relay_run import Report
from tests.support import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

EVENT = Event("e1", "ann", "created", NOW, {"todo": {"id": 7, "item": "a secret present"}})
ANN, BOB = "49915e0d7d4b402e", "81b637d8fcd2c6da"
"""As `printf %s ann | sha256sum | cut -c1-16` has them: docs/runbook.md."""


def no_request() -> tuple[None, None]:
    return None, None


class Fixed:
    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def publish(self, event: Event) -> Outcome:
        return self._outcome


def line_of(
    act: Callable[[Metrics], object],
    current_request: Callable[[], tuple[str | None, str | None]] = no_request,
) -> dict[str, Any]:
    lines: list[str] = []
    act(Metrics(lines.append, lambda: NOW, "TodoConvoy-dev", current_request))
    (line,) = lines
    assert "\n" not in line
    values: dict[str, Any] = json.loads(line)
    return values


@pytest.mark.parametrize(
    ("outcome", "name"),
    [
        (Accepted(), "accepted"),
        (Unavailable("503"), "unavailable"),
        (Misconfigured("401"), "misconfigured"),
        (Refused("400"), "refused"),
    ],
)
def test_an_attempt_is_recorded_with_its_outcome_and_latency(outcome: Outcome, name: str) -> None:
    times = iter([10.0, 10.0125])

    def publish(metrics: Metrics) -> None:
        metered = MeteredPublisher(Fixed(outcome), metrics, lambda: next(times))
        assert metered.publish(EVENT) == outcome

    assert line_of(publish, lambda: ("request-1", "bob")) == {
        "_aws": {
            "Timestamp": 1795521600123,
            "CloudWatchMetrics": [
                {
                    "Namespace": "TodoConvoy-dev",
                    "Dimensions": [["outcome"]],
                    "Metrics": [{"Name": "PublishLatency", "Unit": "Milliseconds"}],
                }
            ],
        },
        "outcome": name,
        "PublishLatency": 12.5,
        "event_type": "created",
        "event_id": "e1",
        "resource": "todo/7",
        "owner": ANN,
        "actor": BOB,
        "request_id": "request-1",
    }


def attempt_at(event: Event) -> dict[str, Any]:
    return line_of(lambda metrics: metrics.record_attempt("accepted", event, 1.0))


def test_outside_of_a_request_nobody_acts() -> None:
    values = attempt_at(EVENT)

    assert (values["request_id"], values["actor"]) == (None, None)


def test_an_attempt_under_another_key_has_the_events_own_id() -> None:
    assert attempt_at(replace(EVENT, id="e1.2"))["event_id"] == "e1"


@pytest.mark.parametrize("owner", ["ann\n", "\ud800", "", "\U0001f600" * 1000])
def test_an_owner_of_any_text_has_a_hash(owner: str) -> None:
    assert len(attempt_at(replace(EVENT, owner=owner))["owner"]) == 16


REPORT = Report(
    settled=5,
    published=3,
    replayed=4,
    pending=2,
    failed=1,
    oldest_s=61.5,
    stopped="out of time",
    deliveries=DeliveryReport(hung=12, retried=11, failed=7, discarded=6, disabled_endpoints=9),
)


def test_a_pass_is_recorded_with_the_rows_that_it_left() -> None:
    values = line_of(lambda metrics: metrics.record_pass(REPORT))

    (directive,) = values.pop("_aws")["CloudWatchMetrics"]
    assert directive["Dimensions"] == [[]]
    units = {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}
    assert units.pop("OutboxAge") == "Seconds"
    assert set(units.values()) == {"Count"}
    assert values == {
        "Settled": 5,
        "Republished": 3,
        "Replayed": 4,
        "OutboxDepth": 2,
        "OutboxAge": 61.5,
        "ParkedRows": 1,
        "HungDeliveries": 12,
        "RetriedDeliveries": 11,
        "FailedDeliveries": 13,
        "DisabledEndpoints": 9,
        "stopped": "out of time",
        "partial": False,
    }
    assert {"OutboxAge", *units} == set(values) - {"stopped", "partial"}


def test_a_partial_pass_ends_no_alarm() -> None:
    values = line_of(lambda metrics: metrics.record_pass(replace(REPORT, partial=True)))

    assert (values["Settled"], values["OutboxDepth"], values["OutboxAge"]) == (5, 2, 61.5)
    assert values["partial"] is True
    assert "ParkedRows" not in values


def test_a_pass_that_did_not_check_deliveries_records_none() -> None:
    values = line_of(lambda metrics: metrics.record_pass(replace(REPORT, deliveries=None)))

    assert {name for name in values if name.endswith(("Deliveries", "Endpoints"))} == set()


def test_a_metric_that_can_not_be_written_is_logged_and_changes_no_outcome(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(_: str) -> None:
        raise BrokenPipeError("closed")

    metrics = Metrics(broken, lambda: NOW, "TodoConvoy", no_request)
    metered = MeteredPublisher(Fixed(Accepted()), metrics, lambda: 0.0)

    assert metered.publish(EVENT) == Accepted()
    assert "metrics lost: closed" in caplog.text
