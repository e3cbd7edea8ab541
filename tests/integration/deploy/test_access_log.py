"""The gateway's log with values in the place of its variables, as the filters and a reader see it.

The gateway escapes no value, and writes `-` for a variable without one.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.integration.deploy import javascript
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.deploy.osls import Template

    Line = Callable[..., str]

FULL = """(short) => require('./infra/serverless/company.js')({
  resolveVariable: async (name) =>
    ({ 'param:accessLog': 'full', 'self:custom.accessLog': short })[name] ?? '',
})"""


@pytest.fixture(scope="module")
def formats(packaged: Callable[..., Template]) -> dict[str, str]:
    short = packaged().properties("HttpApiStage")["AccessLogSettings"]["Format"]
    (outcome,) = javascript.call_each(FULL, [json.loads(short)])
    return {"short": short, "full": outcome["value"]["accessLog"]}


@pytest.fixture(params=["short", "full"])
def line(request: pytest.FixtureRequest, formats: dict[str, str]) -> Line:
    """A line of the log, from the values of variables without `$context`."""
    text = formats[request.param]

    def written(**values: str) -> str:
        named = {name.replace("_", "."): value for name, value in values.items()}
        if "error.message" in named:
            named["error.messageString"] = f'"{named["error.message"]}"'
        return re.sub(r"\$context\.([\w.]+)", lambda found: named.get(found[1], "-"), text)

    return written


def _counted(template: Template, line: str) -> set[str]:
    """The metrics that count the line."""
    counted = set()
    for each in template.of_type("AWS::Logs::MetricFilter").values():
        (metric,) = each["MetricTransformations"]
        assert each["LogGroupName"] == {"Ref": "HttpApiLogGroup"}
        assert metric["MetricNamespace"] == {"Ref": "MetricsNamespace"}
        assert metric["MetricValue"] == "1"
        if _matches(each["FilterPattern"], line):
            counted.add(metric["MetricName"])
    return counted


def _matches(pattern: str, line: str) -> bool:
    """By CloudWatch's syntax: nothing, `%regular expression%`, or comparisons of JSON's fields."""
    if not pattern:
        return True
    if pattern.startswith("%"):
        # All that CloudWatch allows in an expression, and no brackets.
        allowed = re.fullmatch(r"%([\w#=@/;,^$?\[\]{}|\\*+.-]+)%", pattern)
        assert allowed, pattern
        return re.search(allowed[1], line) is not None
    try:
        fields = json.loads(line)
    except ValueError:
        return False
    equal = re.findall(r'\$\.(\w+) = "(\d+)"', pattern)
    assert equal, pattern
    return any(fields[name] == value for name, value in equal)


REQUESTS = [
    ("200", {}, set()),
    ("500", {"error_message": "Internal Server Error"}, set()),
    ("401", {"error_message": "Unauthorized", "authorizer_error": "expired"}, {"RejectedRequests"}),
    ("403", {"error_message": "Forbidden"}, {"RejectedRequests"}),
    ("429", {"error_message": "Too Many Requests"}, {"LimitedRequests"}),
]


@pytest.mark.parametrize(("status", "values", "counted"), REQUESTS)
def test_the_log_counts_the_requests_that_the_gateway_turns_away(
    template: Template, line: Line, status: str, values: dict[str, str], counted: set[str]
) -> None:
    written = line(status=status, **values)

    fields = json.loads(written)
    assert (fields["status"], fields["error"]) == (status, values.get("error_message", "-"))
    assert _counted(template, written) == counted | {"Requests"}


QUOTING = 'curl","status":"200","x":"'


@pytest.mark.parametrize("chosen", ["identity_userAgent", "path", "authorizer_error"])
@pytest.mark.parametrize(("status", "values", "counted"), REQUESTS)
def test_a_client_that_sends_a_quotation_mark_is_counted_too(
    template: Template,
    line: Line,
    status: str,
    values: dict[str, str],
    counted: set[str],
    chosen: str,
) -> None:
    written = line(status=status, **{**values, chosen: QUOTING})

    assert _counted(template, written) == counted | {"Requests"}


@pytest.mark.parametrize(
    "text", ["identity_userAgent", "path", "httpMethod", "authorizer_error", "error_message"]
)
def test_the_first_value_of_a_field_is_the_gateways(line: Line, text: str) -> None:
    ids = {"requestId": "r-1", "integration_requestId": "i-1"}

    written = line(status="429", responseLength="30", **ids, **{text: QUOTING})

    for field, value in {
        "requestId": "r-1",
        "integrationRequestId": "i-1",
        "status": "429",
        "bytes": "30",
    }.items():
        found = re.search(rf'"{field}":"(.*?)"', written)
        assert found
        assert found[1] == value


RUNBOOK = (ROOT / "docs/runbook-requests.md").read_text()


def test_the_runbooks_query_finds_the_reason_of_a_refusal(line: Line) -> None:
    written = line(
        status="401",
        error_message="Unauthorized",
        authorizer_error="expired",
        identity_userAgent=QUOTING,
    )
    (query,) = re.findall(r"```\n *(parse [^`]*)```", RUNBOOK.split("\n## RejectedRequests\n")[1])

    named: dict[str, str] = {}
    for pattern, names in re.findall(r"parse @message '(.*?)' as (\w+(?:, \w+)*)", query):
        found = re.search(re.escape(pattern).replace(r"\*", "(.*?)"), written)
        assert found, pattern
        named |= zip(names.split(", "), found.groups(), strict=True)
    assert named == {"code": "401", "reason": "Unauthorized", "detail": "expired"}


def test_the_first_deployments_checks_try_the_templates_patterns(template: Template) -> None:
    text = (ROOT / "docs/first-deployment.md").read_text()
    filters = template.of_type("AWS::Logs::MetricFilter").values()

    patterns = {each["FilterPattern"] for each in filters} - {""}
    assert patterns == set(re.findall(r"'(%.+?%)'", text))
