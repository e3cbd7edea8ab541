"""The template that a deployment passes to CloudFormation."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from app.customers.addresses import LOOK_UP_S
from app.customers.time_limit import REQUEST_S
from app.domain.events import Event
from app.dynamodb.resource_table import TOMBSTONE_EXPIRY
from app.outbox.deliveries import DeliveryReport
from app.outbox.metrics import Metrics
from app.outbox.relay_run import Report
from app.settings import Settings
from tests.support import NOW
from tests.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.deploy.osls import Project, Template
    from tests.support import JsonObject

    Packaged = Callable[..., Template]


def test_no_function_has_a_url(template: Template) -> None:
    assert template.of_type("AWS::Lambda::Url") == {}


@pytest.mark.parametrize("name", ["Api", "Webhooks"])
def test_the_gateway_calls_a_version_with_snapstart(template: Template, name: str) -> None:
    function = f"{name}LambdaFunction"
    alias = template.properties(f"{name}SnapStartLambdaAlias")
    integration = template.properties(f"HttpApiIntegration{name}")
    version, attribute = alias["FunctionVersion"]["Fn::GetAtt"]

    assert template.properties(function)["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    assert attribute == "Version"
    assert template.properties(version)["FunctionName"] == {"Ref": function}
    target = {"Fn::Join": [":", [{"Fn::GetAtt": [function, "Arn"]}, alias["Name"]]]}
    assert integration["IntegrationUri"] == target
    assert integration["PayloadFormatVersion"] == "2.0"


def test_without_snapstart_the_gateway_calls_the_function(packaged: Packaged) -> None:
    template = packaged(snapStart="false")

    assert "SnapStart" not in template.properties("ApiLambdaFunction")
    target = template.properties("HttpApiIntegrationApi")["IntegrationUri"]
    assert target == {"Fn::GetAtt": ["ApiLambdaFunction", "Arn"]}


def test_the_customers_paths_go_to_their_own_function(template: Template) -> None:
    targets = {
        route["RouteKey"]: route["Target"]["Fn::Join"][1][1]["Ref"]
        for route in template.of_type("AWS::ApiGatewayV2::Route").values()
    }

    assert targets == {
        "$default": "HttpApiIntegrationApi",
        "ANY /webhooks": "HttpApiIntegrationWebhooks",
        "ANY /webhooks/{proxy+}": "HttpApiIntegrationWebhooks",
    }


def test_a_customers_request_ends_before_its_function_does(template: Template) -> None:
    function_s = template.properties("WebhooksLambdaFunction")["Timeout"]
    gateway_s = template.properties("HttpApiIntegrationWebhooks")["TimeoutInMillis"] / 1000

    assert REQUEST_S + LOOK_UP_S < function_s < gateway_s


def test_each_caller_waits_longer_than_the_call_may_take(template: Template) -> None:
    api = template.properties("ApiLambdaFunction")
    environment = api["Environment"]["Variables"]
    gateway_s = template.properties("HttpApiIntegrationApi")["TimeoutInMillis"] / 1000
    publish_s = float(environment["CONVOY_DEADLINE_S"])
    grace_s = float(environment["SETTLE_AFTER_S"])

    assert publish_s < api["Timeout"] < gateway_s < grace_s


def test_the_log_shows_no_event_before_its_request_has_ended(template: Template) -> None:
    api = template.properties("ApiLambdaFunction")
    visible_after_s = float(api["Environment"]["Variables"]["EVENTS_VISIBLE_AFTER_S"])
    clocks_and_calls_on_their_way_s = 2

    assert visible_after_s >= api["Timeout"] + clocks_and_calls_on_their_way_s


def test_one_relay_runs_each_minute_and_ends_before_the_next(template: Template) -> None:
    schedule = template.properties("RelaySchedule")
    relay = template.properties("RelayLambdaFunction")

    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert schedule["Target"]["Arn"] == {"Fn::GetAtt": ["RelayLambdaFunction", "Arn"]}
    assert relay["ReservedConcurrentExecutions"] == 1
    assert relay["Timeout"] < 60


def test_an_account_without_spare_concurrency_can_have_a_relay(packaged: Packaged) -> None:
    relay = packaged(reserveRelay="false").properties("RelayLambdaFunction")

    assert "ReservedConcurrentExecutions" not in relay


def test_a_failed_pass_is_kept_and_not_repeated(template: Template) -> None:
    invoke = template.properties("RelayLambdaEvConf")
    retry = template.properties("RelaySchedule")["Target"]["RetryPolicy"]

    assert invoke["MaximumRetryAttempts"] == retry["MaximumRetryAttempts"] == 0
    assert invoke["MaximumEventAgeInSeconds"] == retry["MaximumEventAgeInSeconds"] == 60
    kept = invoke["DestinationConfig"]["OnFailure"]["Destination"]
    assert kept == {"Fn::GetAtt": ["RelayFailures", "Arn"]}
    assert template.properties("RelayFailures")["SqsManagedSseEnabled"] is True


def test_the_functions_have_every_setting_and_each_is_valid(template: Template) -> None:
    for function in template.of_type("AWS::Lambda::Function").values():
        environment = function["Environment"]["Variables"]
        assert environment["CONVOY_API_KEY_SECRET"] == "fastapi-todo-convoy/dev/convoy"  # noqa: S105
        given = {name.lower(): _plain(value) for name, value in environment.items()}
        key = {"convoy_api_key_secret": "", "convoy_api_key": "from the secret"}
        settings = Settings.model_validate(given | key)

        assert settings.resources_table == "ResourcesTable"
        assert settings.outbox_table == "OutboxTable"
        assert settings.events_table == "EventsTable"
        assert settings.idempotency_table == "IdempotencyTable"
        assert settings.convoy_project_id == "project-1"
        assert settings.convoy_app_id == "app-1"
        assert (settings.max_endpoints, settings.local_endpoints) == (10, False)


def _plain(value: str | JsonObject) -> str:
    return value["Ref"] if isinstance(value, dict) else value


def test_the_deployers_own_api_key_is_not_in_the_package(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "CONVOY_API_KEY", "CO.do-not-show")

    template = project.package()

    assert "do-not-show" not in template.text + template.state
    for function in template.of_type("AWS::Lambda::Function").values():
        assert "CONVOY_API_KEY" not in function["Environment"]["Variables"]


def test_a_development_stage_can_be_removed_completely(packaged: Packaged) -> None:
    template = packaged("dev")

    assert template.parameters["DeletionProtection"] == "false"
    for table in TABLES:
        assert template.resources[table]["DeletionPolicy"] == "Delete"


def test_production_keeps_its_tables_after_a_removal(packaged: Packaged) -> None:
    template = packaged("prod")

    assert template.parameters["DeletionProtection"] == "true"
    for table in TABLES:
        resource = template.resources[table]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
        assert resource["Properties"]["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}


def test_the_deployed_tables_are_those_of_the_laptop_and_the_tests(template: Template) -> None:
    tables = template.of_type("AWS::DynamoDB::Table")

    assert set(tables) == set(TABLES)
    for table in tables.values():
        recovery = table["PointInTimeRecoverySpecification"]
        assert recovery == {"PointInTimeRecoveryEnabled": True}
    expiry = {"AttributeName": "expires_at", "Enabled": True}
    expiring = {name for name in tables if tables[name].get("TimeToLiveSpecification") == expiry}
    assert expiring == {"EventsTable", "IdempotencyTable"}
    tombstones = {"AttributeName": TOMBSTONE_EXPIRY, "Enabled": True}
    assert tables["ResourcesTable"]["TimeToLiveSpecification"] == tombstones
    assert "TimeToLiveSpecification" not in tables["OutboxTable"]


def test_the_access_log_is_json_without_personal_data(template: Template) -> None:
    settings = template.properties("HttpApiStage")["AccessLogSettings"]
    logged = set(json.loads(settings["Format"]).values())

    assert {"$context.requestId", "$context.status", "$context.integration.requestId"} <= logged
    for personal in ("identity", "claims", "authorizer.principalId", "path", "Path", "userAgent"):
        assert not any(personal in variable for variable in logged)


def test_the_gateway_throttles(packaged: Packaged) -> None:
    settings = packaged(rateLimit="7", burstLimit="9").properties("HttpApiStage")[
        "DefaultRouteSettings"
    ]

    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == ("7", "9")


def test_each_alarm_notifies_the_topic_and_the_topic_an_address(packaged: Packaged) -> None:
    template = packaged("prod", alarmEmail="ops@example.com")

    for alarm in template.of_type("AWS::CloudWatch::Alarm").values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlarmTopic"}]
    subscription = template.properties("AlarmSubscription")
    assert subscription["TopicArn"] == {"Ref": "AlarmTopic"}
    assert subscription["Endpoint"] == {"Ref": "AlarmEmail"}
    assert template.parameters["AlarmEmail"] == "ops@example.com"


def test_a_relay_that_does_not_run_raises_an_alarm(template: Template) -> None:
    alarm = template.properties("OutboxAgeAlarm")

    assert alarm["TreatMissingData"] == "breaching"
    assert (alarm["Threshold"], alarm["Statistic"]) == (300, "Maximum")
    assert alarm["Period"] * alarm["EvaluationPeriods"] <= 300


def test_a_healthy_outbox_raises_no_alarm(template: Template) -> None:
    environment = template.properties("RelayLambdaFunction")["Environment"]["Variables"]
    settle_s, pass_s = float(environment["SETTLE_AFTER_S"]), 60
    # An event that one pass publishes is settled by a pass SETTLE_AFTER_S later.
    oldest_s = (settle_s + pass_s) * 2

    assert template.properties("OutboxAgeAlarm")["Threshold"] > oldest_s


def test_alarms_and_dashboard_use_the_apps_metrics(template: Template) -> None:
    lines: list[str] = []
    metrics = Metrics(lines.append, lambda: NOW, "TodoConvoy", lambda: (None, None))
    metrics.record_pass(Report(0, 0, 0, 0, 0, 0.0, None, deliveries=DeliveryReport(0, 0, 0, 0, 0)))
    metrics.record_attempt("accepted", Event("e1", "ann", "created", NOW, {}), 1.0)
    names = {
        metric["Name"]
        for line in lines
        for metric in json.loads(line)["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }
    ours = [
        alarm
        for alarm in template.of_type("AWS::CloudWatch::Alarm").values()
        if alarm.get("Namespace") == {"Ref": "MetricsNamespace"}
    ]

    used = {alarm["MetricName"] for alarm in ours}
    assert used == {
        "DisabledEndpoints",
        "FailedDeliveries",
        "HungDeliveries",
        "OutboxAge",
        "ParkedRows",
    }
    assert used <= names
    dashboard = template.properties("Dashboard")["DashboardBody"]["Fn::Sub"]
    json.loads(dashboard)
    assert {name for name in names if name not in dashboard} == set()


def test_each_stage_has_its_own_metrics(packaged: Packaged) -> None:
    for stage in ("dev", "prod"):
        template = packaged(stage)
        environment = template.properties("RelayLambdaFunction")["Environment"]["Variables"]
        assert environment["METRICS_NAMESPACE"] == f"TodoConvoy-{stage}"
        assert template.parameters["MetricsNamespace"] == f"TodoConvoy-{stage}"
