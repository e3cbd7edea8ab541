"""The evaluation of alarms in these tests agrees with the examples of CloudWatch's user guide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.deploy.cloudwatch import Alarm, Math

if TYPE_CHECKING:
    from tests.support import JsonObject

# The newest datapoint is on the right; X is breaching, 0 is not, - is missing. Three states for the
# three treatments; "=" is the state before.
THREE_OF_THREE = [
    ("0 - X - X", "OK OK OK"),
    ("0 - - - -", "OK OK OK"),
    ("- - - - -", "= ALARM OK"),
    ("0 X X - X", "ALARM ALARM ALARM"),
    ("- - X - -", "= ALARM OK"),
]
TWO_OF_THREE = [
    ("0 - X - X", "ALARM ALARM ALARM"),
    ("0 0 X 0 X", "ALARM ALARM ALARM"),
    ("0 - X - -", "OK ALARM OK"),
    ("- - - - 0", "OK ALARM OK"),
    ("- - - X -", "= ALARM OK"),
]


def _alarm(**properties: object) -> Alarm:
    given: JsonObject = {
        "Namespace": "Ours",
        "MetricName": "m",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 3,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0,
    }
    return Alarm(given | properties)


@pytest.mark.parametrize(
    ("needed", "datapoints", "expected"),
    [(3, *row) for row in THREE_OF_THREE] + [(2, *row) for row in TWO_OF_THREE],
)
def test_missing_data_is_treated_as_in_the_guides_tables(
    needed: int, datapoints: str, expected: str
) -> None:
    values = [{"0": 0.0, "X": 1.0, "-": None}[each] for each in reversed(datapoints.split())]
    for treatment, state in zip(
        ("ignore", "breaching", "notBreaching"), expected.split(), strict=True
    ):
        alarm = _alarm(DatapointsToAlarm=needed, TreatMissingData=treatment)
        for before in ("OK", "ALARM"):
            assert alarm.state_after(values, before) == (before if state == "=" else state)


def test_an_alarm_of_dynamodb_ignores_missing_data() -> None:
    alarm = _alarm(Namespace="AWS/DynamoDB", TreatMissingData="notBreaching")

    assert alarm.missing_data == "ignore"


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("IF(m1, m2, m3)", [30, 0, 20, None, None]),
        ("IF(m1, m2, 5)", [30, 0, 5, 5, None]),
        ("m2 / m3", [None, None, 0, None, 1.5]),
        ("m1 + m2", [31, 1, 0, 0, 30]),
        ("m1 >= 1", [1, 1, 0, 0, None]),
        ("FILL(m1, 7)", [1, 1, 0, 0, 7]),
        ("SUM(FILL(METRICS(), 1))", [31, 2, 20, 1, 51]),
    ],
)
def test_metric_math_is_that_of_the_guide(expression: str, values: list[float | None]) -> None:
    series = {
        "m1": [1, 1, 0, 0, None],
        "m2": [30, None, 0, 0, 30],
        "m3": [0, 0, 20, None, 20],
    }
    stat = {"Metric": {"Namespace": "Ours"}, "Period": 60, "Stat": "Sum"}
    metrics = [{"Id": name, "MetricStat": stat} for name in series]
    alarm = Alarm(
        {"Metrics": [{"Id": "e", "Expression": expression}, *metrics], "EvaluationPeriods": 3}
    )
    samples = {
        name: [(60 * minute, value) for minute, value in enumerate(row) if value is not None]
        for name, row in series.items()
    }

    computed = Math(alarm, samples)

    assert [computed.datapoint(end) for end in range(1, 6)] == values
