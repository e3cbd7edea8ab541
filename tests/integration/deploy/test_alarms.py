"""When each alarm of the packaged template goes on, for the series that its metrics may have.

test_request_alarms.py has the alarms of the gateway's requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.local import tables
from tests.integration.deploy.cloudwatch import every

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.deploy.cloudwatch import Alarm, Series
    from tests.integration.deploy.osls import Template

    NamedAlarm = Callable[..., Alarm]
    Packaged = Callable[..., Template]

HOUR, DAY = 60, 24 * 60  # minutes


def test_each_alarm_notifies_the_topic_and_the_topic_an_address(packaged: Packaged) -> None:
    template = packaged("prod", alarmEmail="ops@example.com")

    for name, alarm in template.of_type("AWS::CloudWatch::Alarm").items():
        assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}]
        # Every morning's end is no news.
        ended = [] if name == "ParkedRowsReminderAlarm" else [{"Ref": "AlarmTopic"}]
        assert alarm.get("OKActions", []) == ended
    subscription = template.properties("AlarmSubscription")
    assert subscription["TopicArn"] == {"Ref": "AlarmTopic"}
    assert subscription["Endpoint"] == {"Ref": "AlarmEmail"}
    assert template.parameters["AlarmEmail"] == "ops@example.com"


# The first pass after the change, in seconds; the last passes before it found an empty outbox.
@pytest.mark.parametrize("first", [1, 30, 59])
def test_an_event_that_waits_for_five_minutes_raises_the_alarm(
    alarm: NamedAlarm, first: int
) -> None:
    ages = [(at + 600.0, float(max(at, 0))) for at in range(first - 1200, 1200, 60)]

    (minute,) = alarm("OutboxAge").fired(30, OutboxAge=ages)

    # CloudWatch looks at a report when its minute is over.
    assert 240 < minute * 60 - 600 <= 300 + 60


@pytest.mark.parametrize("first", [61, 90, 119])
def test_an_event_that_its_request_could_not_deliver_raises_no_alarm(
    template: Template, alarm: NamedAlarm, first: int
) -> None:
    relay = template.properties("RelayLambdaFunction")
    settle_s = float(relay["Environment"]["Variables"]["SETTLE_AFTER_S"])
    # The first pass publishes the event. A later pass settles the row, and reports no age of it.
    passes = range(first, first + int(settle_s) + 60, 60)
    # A pass reports the ages that it leaves at its end, and it may last as long as its function.
    ages = [(float(at), at + float(relay["Timeout"])) for at in passes]
    before, after = every(60, 0, since=-600, until=60), every(60, 0, since=passes.stop)

    assert alarm("OutboxAge").fired(30, OutboxAge=before + ages + after) == []


@pytest.mark.parametrize("extra", [1, 2, 3])
def test_a_relay_that_stops_raises_the_alarm_and_a_late_pass_does_not(
    alarm: NamedAlarm, extra: int
) -> None:
    ages = every(60, 0, since=-600, until=1800)
    late = [*every(60, 0, since=-600, until=1800), (1865, 0), *every(60, 0, since=1860)]

    (minute,) = alarm("OutboxAge", extra).fired(60, OutboxAge=ages)

    assert 30 + 2 <= minute <= 30 + 5
    assert alarm("OutboxAge", extra).fired(60, OutboxAge=late) == []


def test_failing_passes_raise_an_alarm_and_one_failed_pass_does_not(alarm: NamedAlarm) -> None:
    failing = every(60, 0, until=3600) + every(60, 1, since=3600)

    assert alarm("RelayErrors").fired(2 * HOUR, Errors=failing) == [62]
    assert alarm("RelayErrors").fired(2 * HOUR, Errors=[*every(60, 0), (3600, 1)]) == []


def test_failed_passes_that_are_kept_raise_an_alarm_until_the_queue_is_emptied(
    alarm: NamedAlarm,
) -> None:
    kept = [(600.0 * number, float(number)) for number in range(1, 7)]  # one in ten minutes
    unused, emptied = 12 * 3600, (13 * 3600.0, 0.0)

    states = alarm("RelayFailures").states(
        14 * HOUR, ApproximateNumberOfMessagesVisible=[*kept, emptied]
    )

    assert [minute for minute in range(1, len(states)) if states[minute - 1] == "ALARM"] == list(
        range(51, 13 * HOUR + 1)
    ), f"on from the fifth message, also while SQS reports nothing ({unused} s)"


def test_parked_rows_raise_the_alarm_at_once_and_again_each_day(alarm: NamedAlarm) -> None:
    parked = every(60, 0, until=30 * 3600) + every(60, 2, since=30 * 3600, until=4 * DAY * 60)
    redriven = every(60, 0, since=4 * DAY * 60, until=6 * DAY * 60)

    at_once = alarm("ParkedRows").fired(6 * DAY, ParkedRows=parked + redriven)
    each_day = alarm("ParkedRowsReminder").fired(6 * DAY, parked=parked + redriven)

    assert at_once == [30 * HOUR + 1]
    assert each_day == [day * DAY + 7 * HOUR + 1 for day in (1, 2, 3)]


def test_passes_without_a_figure_repeat_no_alarm_of_parked_rows(alarm: NamedAlarm) -> None:
    whole = every(300, 2, until=DAY * 60)  # one pass in five reads every row

    assert alarm("ParkedRows").fired(DAY, ParkedRows=whole) == [1]
    assert alarm("ParkedRowsReminder").fired(DAY, parked=whole) == [7 * HOUR + 1]


@pytest.mark.parametrize("name", ["FailedDeliveries", "DisabledEndpoints"])
def test_what_convoy_gave_up_raises_an_alarm_until_a_pass_finds_none(
    alarm: NamedAlarm, name: str
) -> None:
    found = [*every(60, 0, until=3600), (3600.0, 1.0)]
    states = alarm(name).states(3 * HOUR, **{name: [*found, (9000.0, 0.0)]})

    assert [minute for minute, state in enumerate(states, 1) if state == "ALARM"] == list(
        range(61, 151)
    )


def test_hung_deliveries_raise_an_alarm_if_the_retries_do_not_help(alarm: NamedAlarm) -> None:
    helped = every(60, 0, until=3600) + every(60, 5, since=3600, until=4200) + [(4200.0, 0.0)]
    stuck = every(60, 0, until=3600) + every(60, 5, since=3600)

    assert alarm("HungDeliveries").fired(2 * HOUR, HungDeliveries=helped) == []
    assert alarm("HungDeliveries").fired(2 * HOUR, HungDeliveries=stuck) == [75]


def test_throttled_calls_of_any_function_raise_an_alarm_that_ends(
    template: Template, alarm: NamedAlarm
) -> None:
    throttles = alarm("Throttles")
    functions = {s["Metric"]["Dimensions"][0]["Value"]["Ref"] for s in throttles.metrics.values()}

    assert functions == set(template.of_type("AWS::Lambda::Function"))
    for name in throttles.metrics:
        assert throttles.fired(60, **{name: [(1800, 1), (1865, 3)]}) == [32]
        assert throttles.fired(60, **{name: [(1800, 1)]}) == []
        assert throttles.states(60, **{name: [(1800, 1), (1865, 3)]})[-1] == "OK"


def test_throttled_calls_of_every_table_and_index_raise_an_alarm_that_ends(
    alarm: NamedAlarm,
) -> None:
    throttles = alarm("TableThrottles")

    watched = {_of_table(stat["Metric"]) for stat in throttles.metrics.values()}
    assert watched == set(_throttle_metrics())
    assert len(throttles.metrics) <= 10, "CloudWatch takes no more for one alarm"
    for name in throttles.metrics:
        assert throttles.fired(60, **{name: [(1800, 1), (1865, 3)]}) == [32]
        assert throttles.states(60, **{name: [(1800, 1), (1865, 3)]})[-1] == "OK"


def _throttle_metrics() -> Iterator[tuple[str, ...]]:
    """DynamoDB's metrics of throttled calls, for each table and index of infra/tables.yml."""
    for table, resource in tables.template()["Resources"].items():
        indexes = resource["Properties"].get("GlobalSecondaryIndexes", [])
        for metric in ("ReadThrottleEvents", "WriteThrottleEvents"):
            yield (metric, table)
            for index in indexes:
                yield (metric, table, index["IndexName"])


def _of_table(metric: dict[str, object]) -> tuple[str, ...]:
    dimensions = {each["Name"]: each["Value"] for each in metric["Dimensions"]}  # type: ignore[attr-defined]
    index = dimensions.get("GlobalSecondaryIndexName")
    return (str(metric["MetricName"]), dimensions["TableName"]["Ref"], *([index] if index else []))


def test_the_accounts_concurrency_raises_an_alarm_before_it_is_used_up(alarm: NamedAlarm) -> None:
    executions = every(60, 1)
    high, rising = every(60, 850), every(60, 100, until=3600) + every(60, 850, since=3600)
    short = every(60, 100, until=3600) + every(60, 900, since=3600, until=3720)

    def fired(claimed: Series) -> list[int]:
        return alarm("Concurrency").fired(2 * HOUR, claimed=claimed, executions=executions)

    assert (fired(high), fired(rising), fired(short)) == ([3], [63], [])
