"""When an alarm changes its state, computed from its definition and from samples of its metrics.

The rules are those of CloudWatch's user guide: a window that slides on each minute, data that is
missing, and metric math. Another rule than those that the template needs is an error.
"""

from __future__ import annotations

import ast
import math
import operator
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.support import JsonObject

    Series = Sequence[tuple[float, float]]

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
}
OPERATORS: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
}
STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "p90": lambda values: _percentile(values, 0.90),
    "p99": lambda values: _percentile(values, 0.99),
}


def every(
    seconds: float, value: float, *, since: float = 0, until: float = 7200
) -> list[tuple[float, float]]:
    """A sample every so many seconds, from `since` on and before `until`."""
    count = math.ceil((until - since) / seconds)
    return [(since + seconds * number, value) for number in range(count)]


Value = float | None
"""The value of a series at one time. None: the series has no datapoint then."""


class Scalar(float):
    """A number in an expression. It has a value wherever a series beside it has one."""


@dataclass(frozen=True)
class Alarm:
    """An alarm by its properties.

    `extra`: datapoints that CloudWatch looks at besides EvaluationPeriods. The guide shows two, and
    gives no rule. `quota`: what SERVICE_QUOTA returns.
    """

    properties: JsonObject
    extra: int = 2
    quota: float = 1000

    @property
    def metrics(self) -> dict[str, JsonObject]:
        """Each metric's `MetricStat` by its Id: by its name, if the alarm has only one."""
        given = self.properties
        if "MetricName" in given:
            stat = {"Metric": given, "Period": given["Period"], "Stat": given["Statistic"]}
            return {given["MetricName"]: stat}
        return {each["Id"]: each["MetricStat"] for each in given["Metrics"] if "MetricStat" in each}

    @property
    def expression(self) -> str:
        if "MetricName" in self.properties:
            return str(self.properties["MetricName"])
        (text,) = (
            each["Expression"] for each in self.properties["Metrics"] if "Expression" in each
        )
        return str(text)

    @property
    def looked_at(self) -> int:
        """The datapoints of the evaluation range."""
        return int(self.properties["EvaluationPeriods"]) + self.extra

    @property
    def missing_data(self) -> str:
        """How missing data is treated. Alarms of DynamoDB's metrics ignore it in any case."""
        if any(stat["Metric"]["Namespace"] == "AWS/DynamoDB" for stat in self.metrics.values()):
            return "ignore"
        treatment = str(self.properties["TreatMissingData"])
        assert treatment in {"breaching", "notBreaching", "ignore"}
        return treatment

    def fired(self, minutes: int, **samples: Series) -> list[int]:
        """The minutes at whose start the alarm goes on: its state became ALARM.

        A metric's samples are pairs of a second after midnight (UTC) and a value.
        """
        states = ["OK", *self.states(minutes, **samples)]
        pairs = enumerate(pairwise(states), start=1)
        return [minute for minute, (before, after) in pairs if after == "ALARM" != before]

    def states(self, minutes: int, **samples: Series) -> list[str]:
        """The state at the start of each minute, from the first to `minutes`."""
        series, states = Math(self, samples), ["OK"]
        for minute in range(1, minutes + 1):
            ends = (minute - past * series.period for past in range(self.looked_at))
            states.append(self.state_after([series.datapoint(end) for end in ends], states[-1]))
        return states[1:]

    def state_after(self, datapoints: Sequence[Value], state: str) -> str:
        """The state that follows `state`; `datapoints` begin with the newest."""
        given = self.properties
        needed, breaches = given["EvaluationPeriods"], COMPARISONS[given["ComparisonOperator"]]
        real = [value for value in datapoints if value is not None][:needed]
        missing = needed - len(real)
        breaching = sum(breaches(value, given["Threshold"]) for value in real)
        if breaching + missing * (self.missing_data == "breaching") >= given.get(
            "DatapointsToAlarm", needed
        ):
            return "ALARM"
        too_few = missing > 0 and breaching == len(real)
        return state if too_few and self.missing_data == "ignore" else "OK"


class Math:
    """The datapoints of an alarm's expression, for samples of its metrics."""

    def __init__(self, alarm: Alarm, samples: Mapping[str, Series]) -> None:
        unknown = samples.keys() - alarm.metrics.keys()
        assert not unknown, f"the alarm has no metric {unknown}"
        periods = {stat["Period"] for stat in alarm.metrics.values()}
        assert len(periods) == 1, "CloudWatch wants one period for all metrics of an alarm"
        self.period = periods.pop() // 60
        self._alarm = alarm
        self._looked_at = self.period * alarm.looked_at
        self._tree = ast.parse(alarm.expression, mode="eval").body
        self._known: dict[int, Value] = {}
        self._minutes: defaultdict[str, dict[int, list[float]]] = defaultdict(dict)
        for name, pairs in samples.items():
            for second, value in pairs:
                self._minutes[name].setdefault(math.floor(second / 60), []).append(value)

    def datapoint(self, end: int) -> Value:
        """The expression's value for the period that ends at this minute."""
        if end not in self._known:
            value = self._of(self._tree, end)
            assert not isinstance(value, list), "the expression has several series"
            self._known[end] = value
        return self._known[end]

    def _metric(self, name: str, end: int) -> Value:
        minutes = self._minutes[name]
        values = [v for at in range(end - self.period, end) for v in minutes.get(at, ())]
        return STATISTICS[self._alarm.metrics[name]["Stat"]](values) if values else None

    def _filled(self, name: str, end: int, filler: ast.expr) -> Value:
        """Only the gaps of a series are sure to be filled, not a series without any data."""
        value = self._metric(name, end)
        if value is None and any(abs(at - end) <= self._looked_at for at in self._minutes[name]):
            return float(ast.literal_eval(filler))
        return value

    def _of(self, node: ast.expr, end: int) -> Value | list[Value]:
        match node:
            case ast.Constant(value=int() | float() as number):
                return Scalar(number)
            case ast.Name(id=name):
                return self._metric(name, end)
            case (
                ast.BinOp(left=left, op=op, right=right)
                | ast.Compare(left=left, ops=[op], comparators=[right])
            ):
                return _combine(OPERATORS[type(op)], self._of(left, end), self._of(right, end))
            case ast.Call(func=ast.Name(id=function), args=args):
                return self._called(function, args, end)
        raise NotImplementedError(ast.unparse(node))

    def _called(self, function: str, args: list[ast.expr], end: int) -> Value | list[Value]:
        match function, args:
            case "METRICS", []:
                return [self._metric(name, end) for name in self._alarm.metrics]
            case "FILL", [ast.Name(id=name), filler]:
                return self._filled(name, end, filler)
            case "FILL", [ast.Call(func=ast.Name(id="METRICS"), args=[]), filler]:
                return [self._filled(name, end, filler) for name in self._alarm.metrics]
            case "HOUR", [_]:  # a series without gaps
                return float((end - self.period) // 60 % 24)
            case "SERVICE_QUOTA", [_]:
                return self._alarm.quota
        return FUNCTIONS[function](*(self._of(arg, end) for arg in args))


def _if(condition: Value, chosen: Value, other: Value) -> Value:
    if condition is None:
        return None
    return (0.0 if chosen is None else chosen) if condition else other


def _sum(series: list[Value]) -> Value:
    values = [value for value in series if value is not None]
    return sum(values) if values else None


FUNCTIONS: dict[str, Callable[..., Value]] = {"IF": _if, "SUM": _sum}


def _combine(operate: Callable[[float, float], float], *sides: Value | list[Value]) -> Value:
    """A missing value counts as 0 beside another series, and a division by 0 gives no datapoint."""
    if all(side is None or isinstance(side, Scalar) for side in sides):
        return None
    left, right = (0.0 if side is None else side for side in sides)
    assert not isinstance(left, list)
    assert not isinstance(right, list)
    try:
        return float(operate(left, right))
    except ZeroDivisionError:
        return None


def _percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[max(math.ceil(len(values) * share) - 1, 0)]
