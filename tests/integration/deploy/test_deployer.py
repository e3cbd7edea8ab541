"""The policies of infra/company allow what a deployment needs, and no more than a stage has."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from moto import mock_aws

from tests.integration.deploy.company import COMPANY
from tests.integration.deploy.conditions import resolved
from tests.integration.deploy.deployer import Policies, allows, listed, make_policies
from tests.integration.deploy.schemas import REGION, calls
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.deploy.osls import Template
    from tests.support import JsonObject

JWT = {"jwtIssuer": "https://issuer.example", "jwtAudience": "todos"}
IAM_LIMIT = 6144
LINTER = "moto.cloudformation.models.validate_template_cfn_lint"  # a second to import
NAME = "fastapi-todo-convoy-prod"
AT = f"{REGION}:123456789012"
ARNS = {
    "AWS::ApiGatewayV2::Api": f"arn:aws:apigateway:{REGION}::/apis/a1",
    "AWS::ApiGatewayV2::Authorizer": f"arn:aws:apigateway:{REGION}::/apis/a1/authorizers/b2",
    "AWS::ApiGatewayV2::Integration": f"arn:aws:apigateway:{REGION}::/apis/a1/integrations/b2",
    "AWS::ApiGatewayV2::Route": f"arn:aws:apigateway:{REGION}::/apis/a1/routes/b2",
    "AWS::ApiGatewayV2::Stage": f"arn:aws:apigateway:{REGION}::/apis/a1/stages/$default",
    "AWS::Backup::BackupPlan": f"arn:aws:backup:{AT}:backup-plan:0a1b",
    "AWS::Backup::BackupSelection": f"arn:aws:backup:{AT}:backup-plan:0a1b",
    "AWS::Backup::BackupVault": f"arn:aws:backup:{AT}:backup-vault:{NAME}-0a1b-key",
    "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:{AT}:alarm:{NAME}-OutboxAgeAlarm-X1",
    "AWS::CloudWatch::Dashboard": "arn:aws:cloudwatch::123456789012:dashboard/Dashboard-X1",
    "AWS::CodeDeploy::Application": f"arn:aws:codedeploy:{AT}:application:{NAME}-Shift-X1",
    "AWS::CodeDeploy::DeploymentGroup": f"arn:aws:codedeploy:{AT}:deploymentgroup:{NAME}-X1/a",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{AT}:table/{NAME}-EventsTable-X1",
    "AWS::IAM::Role": f"arn:aws:iam::123456789012:role/{NAME}-ApiRole-X1",
    "AWS::Lambda::Alias": f"arn:aws:lambda:{AT}:function:{NAME}-api",
    "AWS::Lambda::EventInvokeConfig": f"arn:aws:lambda:{AT}:function:{NAME}-api",
    "AWS::Lambda::Function": f"arn:aws:lambda:{AT}:function:{NAME}-api",
    "AWS::Lambda::Permission": f"arn:aws:lambda:{AT}:function:{NAME}-api",
    "AWS::Lambda::Version": f"arn:aws:lambda:{AT}:function:{NAME}-api:7",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{AT}:log-group:/aws/lambda/{NAME}-api:*",
    "AWS::Logs::MetricFilter": f"arn:aws:logs:{AT}:log-group:/aws/http-api/{NAME}:*",
    "AWS::S3::Bucket": f"arn:aws:s3:::{NAME}-serverlessdeploymentbuck-x1",
    "AWS::S3::BucketPolicy": f"arn:aws:s3:::{NAME}-serverlessdeploymentbuck-x1",
    "AWS::SNS::Subscription": f"arn:aws:sns:{AT}:{NAME}-AlarmTopic-X1",
    "AWS::SNS::Topic": f"arn:aws:sns:{AT}:{NAME}-AlarmTopic-X1",
    "AWS::SNS::TopicPolicy": f"arn:aws:sns:{AT}:{NAME}-AlarmTopic-X1",
    "AWS::SQS::Queue": f"arn:aws:sqs:{AT}:{NAME}-RelayFailures-X1",
    "AWS::Scheduler::Schedule": f"arn:aws:scheduler:{AT}:schedule/default/{NAME}-RelaySchedule-X1",
}
"""Names as CloudFormation makes them for the stage `prod`."""

NOT_USED = [
    # Of features that the template does not use: replicas, streams, imports, layers, files, quotas.
    "*:*DataProtectionPolicy",
    "*:*IndexPolicy",
    "*:*ResourcePolicy",
    "codedeploy:RegisterOnPremisesInstance",
    "dynamodb:*KinesisStreamingDestination",
    "dynamodb:*TableReplica",
    "dynamodb:ImportTable",
    "elasticfilesystem:*",
    "firehose:*",
    "iam:*GroupPolicy",
    "iam:*UserPolicy",
    "kinesis:*",
    "lambda:*CodeSigningConfig",
    "lambda:*ProvisionedConcurrencyConfig",
    "lambda:AssociateRuntimeAlias",
    "lambda:PassCapacityProvider",
    "lambda:PutFunctionRecursionConfig",
    "lambda:PutFunctionScalingConfig",
    "logs:CreateLogStream",
    "logs:DescribeLogStreams",
    "logs:PutBearerTokenAuthentication",
    "logs:PutLogEvents",
    "logs:PutLogGroupDeletionProtection",
    "s3:DeleteBucket?*",
    "s3:Put*",
    "s3:REST.PUT.OBJECT",
    "s3:UpdateBucketMetadata*",
    "s3:CreateBucketMetadata*",
    "s3:getObject",
    "s3files:*",
    "s3tables:*",
    # Of a vault only its name and key are set, and it is never deleted with the stack.
    "backup-storage:Mount",
    "backup:*BackupVault?*",
    "backup:DeleteBackupVault",
    # The items of the tables are not the deployer's.
    "dynamodb:*Item",
    "dynamodb:Query",
    "dynamodb:Scan",
    # A role keeps its boundary.
    "iam:DeleteRolePermissionsBoundary",
]
BUCKET = {
    "s3:DeleteBucketPolicy",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketTagging",
    "s3:PutEncryptionConfiguration",
}
"""Of S3's many settings those that the framework's bucket has."""


@pytest.fixture(scope="module")
def policies() -> Iterator[Policies]:
    with mock_aws(), patch(LINTER, lambda _: []):
        yield make_policies("prod")


def test_every_kind_of_resource_of_the_template_and_no_other_is_looked_at(
    packaged: Callable[..., Template],
) -> None:
    tokens = packaged("prod", **JWT, alarmEmail="ops@example.com")
    resources = [*packaged(**COMPANY).resources.values(), *tokens.resources.values()]

    assert {each["Type"] for each in resources} == ARNS.keys()


@pytest.mark.parametrize("kind", ARNS)
def test_the_deployer_may_make_change_and_delete_a_resource(kind: str, policies: Policies) -> None:
    for action in filter(_is_used, calls(kind)):
        assert allows(policies.deployer, action, _resource(kind, action)), action


def test_the_deployer_may_look_before_the_deployment(policies: Policies) -> None:
    text = (ROOT / "docs" / "deploy.md").read_text()
    looks = re.findall(r"^\| the (?:secret|key|perm|acc).* \| ([^|]+) \|$", text, re.MULTILINE)
    actions = re.findall(r"`(\w+:\w+)`", " ".join(looks))

    assert len(looks) == 4
    assert [each for each in actions if not allows(policies.deployer, each)] == []


def test_the_deployer_reads_and_writes_no_item_of_a_table(policies: Policies) -> None:
    for action in ("GetItem", "PutItem", "DeleteItem", "BatchWriteItem", "Query", "Scan"):
        assert not allows(policies.deployer, f"dynamodb:{action}")


def test_the_deployer_makes_no_role_that_may_do_more_than_the_boundary(policies: Policies) -> None:
    for statement in policies.deployer:
        rights = {"iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePolicy"}
        if any(allows([statement], action) for action in rights):
            (boundary,) = statement["Condition"]["StringEquals"].items()
            assert boundary[0] == "iam:PermissionsBoundary"
            assert ":policy/boundary-" in boundary[1]
    for action in (
        "iam:DeleteRolePermissionsBoundary",
        "iam:CreatePolicyVersion",
        "iam:CreateUser",
    ):
        assert not allows(policies.deployer, action)


def test_nothing_is_allowed_on_another_stage_or_service(policies: Policies) -> None:
    for kind, arn in ARNS.items():
        other = arn.replace(NAME, "payroll-prod")
        if other == arn:  # it has only an id
            continue
        for action in filter(_is_used, calls(kind)):
            if _resource(kind, action) and not _resourceless(policies, action):
                assert not allows(policies.deployer, action, other), (kind, action)


@pytest.mark.parametrize("name", ["boundary", "deployer", "key"])
def test_no_stage_has_a_name_with_which_its_policies_hold_for_another_stage(name: str) -> None:
    template = (ROOT / "infra" / "company" / f"{name}.yml").read_text()
    (pattern,) = re.findall(r'^  Stage: .*AllowedPattern: "([^"]+)"', template, re.MULTILINE)

    assert re.fullmatch(pattern, "prod")
    for stage in ("prod-eu", "prod*", "s" * 13):
        assert not re.fullmatch(pattern, stage)


def test_the_deployer_passes_and_changes_no_role_that_only_begins_like_the_stages(
    policies: Policies,
) -> None:
    own = ARNS["AWS::IAM::Role"]
    for action in ("PassRole", "DeleteRole", "PutRolePolicy", "UpdateAssumeRolePolicy"):
        assert allows(policies.deployer, f"iam:{action}", own)
        for other in (f"{NAME}-admin", f"{NAME}-deployer"):
            arn = f"arn:aws:iam::123456789012:role/{other}"
            assert not allows(policies.deployer, f"iam:{action}", arn), other


DATA = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")


def test_the_key_is_used_only_through_a_service_and_its_grants_are_a_services(
    packaged: Callable[..., Template], policies: Policies
) -> None:
    role = resolved(packaged(**COMPANY))["BackupRole"]["Properties"]
    backup = role["Policies"][0]["PolicyDocument"]["Statement"]

    for statements in (policies.deployer, policies.boundary, backup):
        for action in ("kms:CreateGrant", *DATA):
            found = [each for each in statements if action in listed(each["Action"])]
            assert found, action
            for statement in found:
                _check_key(statement, action)


def _check_key(statement: JsonObject, action: str) -> None:
    condition = statement["Condition"]
    if action not in DATA:
        assert condition == {"Bool": {"kms:GrantIsForAWSResource": True}}
        assert set(listed(statement["Action"])) <= {"kms:CreateGrant", "kms:RevokeGrant"}
        return
    services = {each.removesuffix(".*") for each in condition["StringLike"]["kms:ViaService"]}
    assert {"backup", "dynamodb"} <= services
    known = {"backup", "dynamodb", "lambda", "secretsmanager", "sns", "sqs"}
    assert services <= known


def _resourceless(policies: Policies, action: str) -> bool:
    return any(
        statement["Resource"] == "*" and allows([statement], action)
        for statement in policies.deployer
    )


def test_the_callers_policy_in_the_document_allows_calls_of_one_api_and_nothing_else() -> None:
    text = (ROOT / "docs" / "company.md").read_text()
    policy = json.loads(text.partition("```json\n")[2].partition("```")[0])

    (statement,) = policy["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "execute-api:Invoke")
    call = f"arn:aws:execute-api:{AT}:API_ID/$default/PUT/todo/1"
    assert allows([statement], "execute-api:Invoke", call)
    assert not allows([statement], "execute-api:Invoke", call.replace("API_ID", "a1b2c3"))


@pytest.mark.parametrize("name", ["boundary", "code", "resources"])
def test_a_policy_fits_into_iams_limit(name: str, policies: Policies) -> None:
    document = {"Version": "2012-10-17", "Statement": getattr(policies, name)}

    assert len(json.dumps(document, separators=(",", ":"))) < IAM_LIMIT


def test_the_boundary_lets_every_role_do_its_work(
    packaged: Callable[..., Template], policies: Policies
) -> None:
    resources = resolved(packaged(**COMPANY))
    roles = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::IAM::Role"]

    for role in roles:
        for statement in role["Policies"][0]["PolicyDocument"]["Statement"]:
            for action in listed(statement["Action"]):
                for resource in listed(statement["Resource"]):
                    arn = _arn(resource, resources)
                    assert allows(policies.boundary, action, arn), (action, arn)


def test_the_boundary_allows_no_action_that_no_role_has(
    packaged: Callable[..., Template], policies: Policies
) -> None:
    resources = resolved(packaged(**COMPANY))
    roles = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::IAM::Role"]
    needed = {
        action
        for role in roles
        for statement in role["Policies"][0]["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
    }

    allowed = {action for each in policies.boundary for action in listed(each["Action"])}

    assert allowed == needed


def _arn(resource: Any, resources: JsonObject) -> str:
    match resource:
        case str():
            return resource
        case {"Fn::GetAtt": [name, _]}:
            return ARNS[resources[name]["Type"]]
        case {"Fn::Sub": text}:
            known = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": AT[-12:]}
            known["ConvoySecret"] = "fastapi-todo-convoy/prod/convoy"
            known |= {
                f"{name}.Arn": ARNS[each["Type"]]
                for name, each in resources.items()
                if each["Type"] in ARNS
            }
            filled: str = re.sub(r"\$\{([^}]+)\}", lambda found: known[found[1]], text)
            return filled.replace("??????", "a1B2c3")
    raise AssertionError(f"{resource} has no ARN here")


def _is_used(action: str) -> bool:
    return action in BUCKET or not any(fnmatchcase(action, pattern) for pattern in NOT_USED)


def _resource(kind: str, action: str) -> str | None:
    """The resource itself for the actions of its own service; for others: any."""
    own = kind.split("::")[1].lower().removesuffix("v2")
    return ARNS[kind] if action.partition(":")[0] == own else None
