"""When the alarms of failing, slow and rejected requests go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.deploy.cloudwatch import Alarm, every

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.deploy.cloudwatch import Series
    from tests.integration.deploy.osls import Template

    NamedAlarm = Callable[..., Alarm]

HOUR = 60  # minutes

# Requests and errors, each as the seconds between two.
QUIET, STEADY, BUSY = every(120, 1), every(5, 1), every(0.1, 1)


@pytest.mark.parametrize(
    ("requests", "errors", "expected"),
    [
        pytest.param(QUIET, [(3600, 1)], None, id="one error in a quiet night"),
        pytest.param(QUIET, every(5, 1, since=3600, until=3620), None, id="and its retries"),
        pytest.param(BUSY, every(20, 1), None, id="half a percent of a busy day"),
        pytest.param(QUIET, every(120, 1, since=3600), 9, id="an outage in a quiet night"),
        pytest.param(STEADY, every(5, 1, since=3600), 1, id="an outage"),
        pytest.param(BUSY, every(0.1, 1, since=3600), 1, id="an outage of a busy day"),
        pytest.param(BUSY, every(4, 1, since=3600), 7, id="two and a half percent"),
    ],
)
def test_one_error_in_a_quiet_night_is_no_alarm_and_an_outage_is(
    alarm: NamedAlarm, requests: Series, errors: Series, expected: int | None
) -> None:
    fired = alarm("ApiErrors").fired(2 * HOUR, requests=requests, errors=errors)

    assert fired == ([] if expected is None else [60 + expected])


@pytest.mark.parametrize("requests", [STEADY, every(5, 1, until=4200)])
def test_an_alarm_of_errors_ends_a_quarter_of_an_hour_after_them(
    alarm: NamedAlarm, requests: Series
) -> None:
    errors = every(5, 1, since=3600, until=4200)

    states = alarm("ApiErrors").states(2 * HOUR, requests=requests, errors=errors)

    assert [minute for minute, state in enumerate(states, 1) if state == "ALARM"] == list(
        range(61, 70 + 15)
    )


def test_customers_requests_that_all_fail_raise_an_alarm_beside_many_others(
    alarm: NamedAlarm,
) -> None:
    errors = every(300, 1, since=3600)

    assert alarm("ApiErrors").fired(2 * HOUR, requests=BUSY, errors=errors) == []
    assert alarm("WebhooksErrors").fired(2 * HOUR, calls=every(300, 1), errors=errors) == [71]
    assert alarm("WebhooksErrors").fired(2 * HOUR, calls=STEADY, errors=[(3600, 1)]) == []


def test_every_function_has_an_alarm_of_its_errors(template: Template) -> None:
    watched = {
        stat["Metric"]["Dimensions"][0]["Value"]["Ref"]
        for properties in template.of_type("AWS::CloudWatch::Alarm").values()
        for stat in Alarm(properties).metrics.values()
        if stat["Metric"]["MetricName"] == "Errors"
    }

    # The gateway's 5xx are those of the API.
    assert watched | {"ApiLambdaFunction"} == set(template.of_type("AWS::Lambda::Function"))


@pytest.mark.parametrize("gap", [0.1, 20])
def test_slow_requests_raise_an_alarm_on_a_busy_stage_and_on_a_quiet_one(
    alarm: NamedAlarm, gap: float
) -> None:
    requests = every(gap, 1)
    quick, slow = every(gap, 80), every(gap, 4000, since=3600)

    def fired(latencies: Series) -> list[int]:
        both = {"p99": latencies, "p90": latencies}
        return alarm("ApiLatency").fired(2 * HOUR, requests=requests, **both)

    assert [60 + 10 < minute <= 60 + 15 for minute in fired(quick[: len(quick) // 2] + slow)] == [
        True
    ]
    assert fired([*quick, (3600, 9000)]) == []


@pytest.mark.parametrize(
    ("requests", "limited", "expected"),
    [
        pytest.param(QUIET, every(1, 1, since=3600, until=3605), [], id="a few in a quiet night"),
        pytest.param(BUSY, every(60, 1), [], id="a few of a busy day"),
        pytest.param(STEADY, every(10, 1, since=3600), [62], id="twice the limit"),
        pytest.param(BUSY, every(0.2, 1, since=3600), [61], id="twice the limit on a busy day"),
    ],
)
def test_requests_over_the_limit_raise_an_alarm(
    alarm: NamedAlarm, requests: Series, limited: Series, expected: list[int]
) -> None:
    fired = alarm("LimitedRequests").fired(2 * HOUR, requests=requests, limited=limited)

    assert fired == expected


@pytest.mark.parametrize(
    ("requests", "rejected", "expected"),
    [
        pytest.param(STEADY, every(5, 1, since=3600), [68], id="an issuer without its keys"),
        pytest.param(QUIET, every(1, 1, since=3600, until=3660), [], id="a scanner"),
        pytest.param(STEADY, every(20, 1), [], id="expired tokens"),
        pytest.param(QUIET, [(3600, 1)], [], id="one wrong token in a quiet night"),
    ],
)
def test_a_sign_in_that_fails_raises_an_alarm_and_a_scanner_does_not(
    alarm: NamedAlarm, requests: Series, rejected: Series, expected: list[int]
) -> None:
    fired = alarm("RejectedRequests").fired(2 * HOUR, requests=requests, rejected=rejected)

    assert fired == expected
