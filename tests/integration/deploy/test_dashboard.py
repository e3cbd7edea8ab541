"""The dashboard is one that CloudWatch can read, and shows every metric that an alarm watches."""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from app.domain.events import Event
from app.outbox.deliveries import DeliveryReport
from app.outbox.metrics import Metrics
from app.outbox.relay_run import Report
from tests.integration.deploy.cloudwatch import Alarm
from tests.support import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.deploy.osls import Template
    from tests.support import JsonObject

NAMESPACE = "TodoConvoy-dev"
STATISTIC = r"Sum|Maximum|Minimum|Average|SampleCount|p\d{1,2}(?:\.\d+)?"
# CloudWatch's user guide, "search expression syntax": a name in the schema with another character
# than a letter, a digit or a namespace's slash is in quotation marks.
NAME = r'(?:[A-Za-z0-9/]+|"[^"]+")'
SEARCH = re.compile(
    rf"SEARCH\('{{({NAME})((?:,{NAME})*)}} MetricName=\"(\w+)\"', '(?:{STATISTIC})', \d+\)"
)


@pytest.fixture
def widgets(template: Template) -> list[JsonObject]:
    """The properties of each widget, with the values of the references."""
    source = template.properties("Dashboard")["DashboardBody"]["Fn::Sub"]
    names = {"AWS::Region": "eu-central-1", "MetricsNamespace": NAMESPACE}

    def value(reference: re.Match[str]) -> str:
        name = reference[1]
        assert name in names or name.split(".")[0] in template.resources
        return names.get(name, name)

    widgets: list[JsonObject] = json.loads(re.sub(r"\$\{(.+?)\}", value, source))["widgets"]
    return widgets


def rows(widget: JsonObject) -> Iterator[tuple[list[str], JsonObject]]:
    """Each metric of a widget in full, with its options: `.` and `...` repeat the row above."""
    above: list[str] = []
    for row in widget["properties"]["metrics"]:
        options = row[-1] if isinstance(row[-1], dict) else {}
        names = [name for name in row if name is not options]
        if names[:1] == ["..."]:
            names = above[: len(above) - len(names[1:])] + names[1:]
        above = [above[at] if name == "." else name for at, name in enumerate(names)]
        yield above, options


def test_the_widgets_fit_beside_each_other(widgets: list[JsonObject]) -> None:
    cells = [
        {
            (x, y)
            for x in range(each["x"], each["x"] + each["width"])
            for y in range(each["y"], each["y"] + each["height"])
        }
        for each in widgets
    ]

    assert all(x < 24 for cell in cells for x, _ in cell)
    assert not any(one & other for one, other in combinations(cells, 2))


def test_each_row_of_a_widget_is_a_metric_or_an_expression(widgets: list[JsonObject]) -> None:
    for widget in widgets:
        properties = widget["properties"]
        assert (widget["type"], properties["region"]) == ("metric", "eu-central-1")
        assert properties["title"]
        ids = {options["id"] for _, options in rows(widget) if "id" in options}
        for names, options in rows(widget):
            if "expression" in options:
                assert names == []
                _check_expression(options["expression"], ids)
                continue
            namespace, metric, *dimensions = names
            assert re.fullmatch(STATISTIC, options.get("stat", properties.get("stat", "")))
            assert len(dimensions) % 2 == 0, f"{namespace} {metric}: {dimensions}"


def _check_expression(expression: str, ids: set[str]) -> None:
    if expression.startswith("SEARCH"):
        assert SEARCH.fullmatch(expression), expression
        return
    function, argument = re.fullmatch(r"([A-Z_]+)\((\w+)\)", expression).groups()  # type: ignore[union-attr]
    assert function == "SERVICE_QUOTA"
    assert argument in ids


def shown(widgets: list[JsonObject]) -> set[tuple[str, str]]:
    """Namespace and name of each metric on the dashboard."""
    metrics = set()
    for widget in widgets:
        for names, options in rows(widget):
            if search := SEARCH.fullmatch(options.get("expression", "")):
                metrics.add((search[1].strip('"'), search[3]))
            elif names:
                metrics.add((names[0], names[1]))
    return metrics


def ours(template: Template) -> set[tuple[str, str]]:
    """The metrics that the app records, and those that the filters of the access log count."""
    lines: list[str] = []
    metrics = Metrics(lines.append, lambda: NOW, NAMESPACE, lambda: (None, None))
    metrics.record_pass(Report(0, 0, 0, 0, 0, 0.0, None, deliveries=DeliveryReport(0, 0, 0, 0, 0)))
    metrics.record_attempt("accepted", Event("e1", "ann", "created", NOW, {}), 1.0)
    recorded = {
        (directive["Namespace"], metric["Name"])
        for line in lines
        for directive in json.loads(line)["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    }
    filters = template.of_type("AWS::Logs::MetricFilter").values()
    return recorded | {
        (NAMESPACE, each["MetricTransformations"][0]["MetricName"]) for each in filters
    }


def watched(template: Template) -> set[tuple[str, str]]:
    """The metrics of the alarms."""
    metrics = set()
    for properties in template.of_type("AWS::CloudWatch::Alarm").values():
        for stat in Alarm(properties).metrics.values():
            namespace = stat["Metric"]["Namespace"]
            metrics.add(
                (
                    NAMESPACE if isinstance(namespace, dict) else namespace,
                    stat["Metric"]["MetricName"],
                )
            )
    return metrics


def test_alarms_and_dashboard_use_metrics_that_exist(
    template: Template, widgets: list[JsonObject]
) -> None:
    used = {each for each in watched(template) | shown(widgets) if each[0] == NAMESPACE}

    assert used <= ours(template)


def test_the_dashboard_shows_what_the_app_records_and_what_the_alarms_watch(
    template: Template, widgets: list[JsonObject]
) -> None:
    # The gateway counts the requests too.
    assert ours(template) - shown(widgets) == {(NAMESPACE, "Requests")}
    # The figures of calls only make percentages of the errors.
    missing = watched(template) - shown(widgets) - {(NAMESPACE, "Requests")}
    assert missing == {("AWS/Lambda", "Invocations")}


def test_the_dashboard_has_each_functions_errors_duration_and_concurrency(
    template: Template, widgets: list[JsonObject]
) -> None:
    metrics = {tuple(names) for widget in widgets for names, _ in rows(widget)}

    for function in template.of_type("AWS::Lambda::Function"):
        for name in ("Errors", "Throttles", "Duration", "ConcurrentExecutions"):
            assert ("AWS/Lambda", name, "FunctionName", function) in metrics
