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

EVENT = Event("e1", "ann", "created", NOW, {"todo": {"item": "a secret present"}})


class Fixed:
    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def publish(self, event: Event) -> Outcome:
        return self._outcome


def told_by(act: Callable[[Metrics], object]) -> dict[str, Any]:
    lines: list[str] = []
    act(Metrics(lines.append, lambda: NOW, "TodoConvoy-dev"))
    (line,) = lines
    assert "\n" not in line
    told: dict[str, Any] = json.loads(line)
    return told


@pytest.mark.parametrize(
    ("outcome", "name"),
    [
        (Accepted(), "accepted"),
        (Unavailable("503"), "unavailable"),
        (Misconfigured("401"), "misconfigured"),
        (Refused("400"), "refused"),
    ],
)
def test_an_attempt_is_told_with_its_outcome_and_latency(outcome: Outcome, name: str) -> None:
    times = iter([10.0, 10.0125])

    def publish(metrics: Metrics) -> None:
        metered = MeteredPublisher(Fixed(outcome), metrics, lambda: next(times))
        assert metered.publish(EVENT) == outcome

    assert told_by(publish) == {
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
    }


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


def test_a_pass_of_the_relay_is_told_with_what_it_left() -> None:
    told = told_by(lambda metrics: metrics.record_pass(REPORT))

    (directive,) = told.pop("_aws")["CloudWatchMetrics"]
    assert directive["Dimensions"] == [[]]
    units = {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}
    assert units.pop("OutboxAge") == "Seconds"
    assert set(units.values()) == {"Count"}
    assert told == {
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
    assert {"OutboxAge", *units} == set(told) - {"stopped", "partial"}


def test_a_pass_that_did_not_see_every_row_ends_no_alarm() -> None:
    told = told_by(lambda metrics: metrics.record_pass(replace(REPORT, partial=True)))

    assert (told["Settled"], told["OutboxDepth"], told["OutboxAge"]) == (5, 2, 61.5)
    assert told["partial"] is True
    assert "ParkedRows" not in told


def test_a_pass_that_did_not_come_to_the_deliveries_reports_none() -> None:
    told = told_by(lambda metrics: metrics.record_pass(replace(REPORT, deliveries=None)))

    assert {name for name in told if name.endswith(("Deliveries", "Endpoints"))} == set()


def test_a_metric_that_can_not_be_written_is_logged_and_the_attempt_is_as_it_was(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(_: str) -> None:
        raise BrokenPipeError("closed")

    metrics = Metrics(broken, lambda: NOW, "TodoConvoy")
    metered = MeteredPublisher(Fixed(Accepted()), metrics, lambda: 0.0)

    assert metered.publish(EVENT) == Accepted()
    assert "metrics lost: closed" in caplog.text
