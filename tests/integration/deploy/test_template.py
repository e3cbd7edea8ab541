"""The template that a deployment passes to CloudFormation."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from app.customers.addresses import LOOK_UP_S
from app.customers.time_limit import REQUEST_S
from app.dynamodb.resource_table import TOMBSTONE_EXPIRY
from app.settings import Settings
from tests.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.integration.deploy.osls import Project, Template
    from tests.support import JsonObject

    Packaged = Callable[..., Template]


def test_no_function_has_a_url(template: Template) -> None:
    assert template.of_type("AWS::Lambda::Url") == {}


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


def test_the_functions_have_every_setting_and_each_is_valid(template: Template) -> None:
    for function in template.of_type("AWS::Lambda::Function").values():
        environment = function["Environment"]["Variables"]
        assert environment["CONVOY_API_KEY_SECRET"] == "fastapi-todo-convoy/dev/convoy"  # noqa: S105
        given = {name.lower(): _plain(value) for name, value in environment.items()}
        key = {"convoy_api_key_secret": "", "convoy_api_key": "from-the-secret"}
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


def test_a_disposable_stage_can_be_removed_completely(template: Template) -> None:
    provider = json.loads(template.state)["service"]["provider"]

    assert template.parameters["DeletionProtection"] == "false"
    assert provider["deletionProtection"] is False
    # Not an empty policy: CloudFormation would keep the earlier one.
    assert [each["Effect"] for each in provider["stackPolicy"]] == ["Allow"]
    for table in TABLES:
        resource = template.resources[table]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Delete", "Delete")
    for group in template.of_type("AWS::Logs::LogGroup").values():
        assert group["RetentionInDays"] == 14


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


CHOSEN = {"publishReads": "false", "contributorInsights": "THROTTLED_KEYS"}


def test_the_events_of_reads_can_be_switched_off(template: Template, packaged: Packaged) -> None:
    for each, value in ((template, "true"), (packaged(**CHOSEN), "false")):
        for function in each.of_type("AWS::Lambda::Function").values():
            assert function["Environment"]["Variables"]["PUBLISH_READS"] == value


def test_contributor_insights_cost_nothing_unless_a_mode_is_given(
    template: Template, packaged: Packaged
) -> None:
    assert template.parameters["ContributorInsights"] == ""
    assert packaged(**CHOSEN).parameters["ContributorInsights"] == "THROTTLED_KEYS"
    given = {"Fn::Not": [{"Fn::Equals": [{"Ref": "ContributorInsights"}, ""]}]}
    assert template.body["Conditions"]["Insights"] == given
    chosen = {"Enabled": True, "Mode": {"Ref": "ContributorInsights"}}
    for table in template.of_type("AWS::DynamoDB::Table").values():
        insights = table["ContributorInsightsSpecification"]
        assert insights == {"Fn::If": ["Insights", chosen, {"Enabled": False}]}


def test_each_stage_has_its_own_metrics(packaged: Packaged) -> None:
    for stage in ("dev", "prod"):
        template = packaged(stage)
        environment = template.properties("RelayLambdaFunction")["Environment"]["Variables"]
        assert environment["METRICS_NAMESPACE"] == f"TodoConvoy-{stage}"
        assert template.parameters["MetricsNamespace"] == f"TodoConvoy-{stage}"
