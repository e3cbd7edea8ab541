"""A deployment leaves the version that traffic uses alone, and the way back to it is one call."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.deploy.osls import Template

    Packaged = Callable[..., Template]

BY_STEPS = {"snapStart": "false", "shift": "Canary10Percent5Minutes"}

CALLED = ["Api", "Webhooks"]
"""The functions that the gateway calls."""


@pytest.mark.parametrize("snap_start", ["true", "false"])
def test_the_gateway_calls_the_version_of_the_alias(packaged: Packaged, snap_start: str) -> None:
    template = packaged() if snap_start == "true" else packaged(**BY_STEPS)

    for name in CALLED:
        function = f"{name}LambdaFunction"
        alias = template.properties(f"{name}LiveAlias")
        version, attribute = alias["FunctionVersion"]["Fn::GetAtt"]
        assert (alias["Name"], alias["FunctionName"]) == ("live", {"Ref": function})
        assert attribute == "Version"
        assert template.properties(version)["FunctionName"] == {"Ref": function}
        target = {"Fn::Join": [":", [{"Fn::GetAtt": [function, "Arn"]}, "live"]]}
        integration = template.properties(f"HttpApiIntegration{name}")
        assert integration["IntegrationUri"] == target
        assert integration["PayloadFormatVersion"] == "2.0"
        assert template.properties(f"{name}LambdaPermissionHttpApi")["FunctionName"] == target
        snapshots = template.properties(function).get("SnapStart")
        assert snapshots == ({"ApplyOn": "PublishedVersions"} if snap_start == "true" else None)
    assert len(template.of_type("AWS::Lambda::Alias")) == len(CALLED)


def test_a_deployment_keeps_the_versions_before_it(template: Template) -> None:
    versions = {
        name: resource
        for name, resource in template.resources.items()
        if resource["Type"] == "AWS::Lambda::Version"
    }
    provider = json.loads(template.state)["service"]["provider"]

    assert len(versions) == len(CALLED)
    for version in versions.values():
        # A version that a deployment took back goes: it never served, or failed.
        assert version["DeletionPolicy"] == "RetainExceptOnCreate"
    # The framework never deletes a version that an alias names.
    assert provider["pruneFunctionVersions"] == {"number": 2}


def test_the_relay_has_no_versions(template: Template) -> None:
    target = template.properties("RelaySchedule")["Target"]["Arn"]

    assert target == {"Fn::GetAtt": ["RelayLambdaFunction", "Arn"]}
    for version in template.of_type("AWS::Lambda::Version").values():
        assert version["FunctionName"] != {"Ref": "RelayLambdaFunction"}


def test_the_runtime_changes_only_with_a_deployment(template: Template) -> None:
    for function in template.of_type("AWS::Lambda::Function").values():
        assert function["RuntimeManagementConfig"] == {"UpdateRuntimeOn": "FunctionUpdate"}


def test_by_default_all_requests_move_at_once(template: Template) -> None:
    assert "CodeDeploy" not in template.text
    assert "ShiftAlarm" not in template.resources
    for name in CALLED:
        assert "UpdatePolicy" not in template.resources[f"{name}LiveAlias"]


def test_with_shift_the_requests_of_each_function_move_by_steps(packaged: Packaged) -> None:
    template = packaged(**BY_STEPS)

    for name in CALLED:
        policy = template.resources[f"{name}LiveAlias"]["UpdatePolicy"]
        assert policy["CodeDeployLambdaAliasUpdate"] == {
            "ApplicationName": {"Ref": "ShiftApplication"},
            "DeploymentGroupName": {"Ref": f"{name}Shift"},
        }
        group = template.properties(f"{name}Shift")
        configuration = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
        assert group["DeploymentConfigName"] == configuration
        assert group["DeploymentStyle"]["DeploymentOption"] == "WITH_TRAFFIC_CONTROL"
        assert group["ApplicationName"] == {"Ref": "ShiftApplication"}
    assert template.properties("ShiftApplication") == {"ComputePlatform": "Lambda"}


def test_a_step_that_fails_requests_goes_back(packaged: Packaged) -> None:
    template = packaged(**BY_STEPS)
    alarm = template.properties("ShiftAlarm")
    (statements,) = (
        policy["PolicyDocument"]["Statement"]
        for policy in template.properties("ShiftRole")["Policies"]
    )

    for name in CALLED:
        group = template.properties(f"{name}Shift")
        watched = {"Enabled": True, "Alarms": [{"Name": {"Ref": "ShiftAlarm"}}]}
        assert group["AlarmConfiguration"] == watched
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
        function = {"Fn::GetAtt": [f"{name}LambdaFunction", "Arn"]}
        (moves,) = (each for each in statements if "lambda:UpdateAlias" in each["Action"])
        assert function in moves["Resource"]
    # A canary has to live long enough for the alarm to see it.
    periods = [m["MetricStat"]["Period"] for m in alarm["Metrics"] if "MetricStat" in m]
    assert max(periods) * alarm["EvaluationPeriods"] < 5 * 60
    # Its deployer may make no role without the boundary.
    boundary = {"Fn::If": ["Bounded", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]}
    assert template.properties("ShiftRole")["PermissionsBoundary"] == boundary
    assert any("cloudwatch:DescribeAlarms" in each["Action"] for each in statements)
