"""The functions' permissions are the calls that they make."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.domain.events import Event
from app.domain.resource import NotFound
from app.wiring.clock import new_event_id, now
from tests.components import TodoService, make_event_log, make_relay
from tests.integration.deploy.company import COMPANY, KEY
from tests.integration.deploy.conditions import resolved
from tests.support import OWNER
from tests.tables import TABLES, make_outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.publisher import ConvoyPublisher
    from app.convoy.questions import Questions
    from tests.integration.deploy.osls import Template
    from tests.stand_in import Convoy
    from tests.support import JsonObject

    Calls = dict[str, set[str]]

LOGICAL_IDS = {name: logical_id for logical_id, name in TABLES.items()}
OF_TRANSACTIONS = {
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
SECRET = {
    "Fn::Sub": "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}"
    ":secret:${ConvoySecret}-??????"
}
XRAY = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
TRACING = {
    "Fn::If": [
        "Traced",
        {"Effect": "Allow", "Action": XRAY, "Resource": "*"},
        {"Ref": "AWS::NoValue"},
    ]
}
NETWORK = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
]
BACKUPS = [{"Fn::Sub": f"${{{table}.Arn}}/backup/*"} for table in ("ResourcesTable", "EventsTable")]
OF_MANY: list[tuple[list[str], list[Any]]] = [
    (["secretsmanager:GetSecretValue"], [SECRET]),
    (XRAY, ["*"]),
    (NETWORK, ["*"]),
    (["dynamodb:DeleteBackup", "dynamodb:DescribeBackup"], BACKUPS),
    (["tag:GetResources"], ["*"]),
    (["cloudwatch:DescribeAlarms"], ["*"]),
]
"""Secrets Manager appends six characters to a name. A copy of a table is named when it is made. The
other calls have no resource, or none before it is made."""


@pytest.fixture
def calls(dynamodb: DynamoDBClient) -> Iterator[Calls]:
    """The actions, by their table's logical id."""
    seen: Calls = defaultdict(set)

    def record(params: JsonObject, model: Any, **_: object) -> None:
        for table in (
            [params["TableName"]] if "TableName" in params else params.get("RequestItems", [])
        ):
            seen[LOGICAL_IDS[table]].add(f"dynamodb:{model.name}")
        for item in params.get("TransactItems", []):
            for kind, part in item.items():
                action = f"dynamodb:{OF_TRANSACTIONS[kind]}"
                seen[LOGICAL_IDS[part["TableName"]]].add(action)

    event = "provide-client-params.dynamodb"
    dynamodb.meta.events.register(event, record)
    try:
        yield seen
    finally:
        dynamodb.meta.events.unregister(event, record)


def test_the_api_may_make_only_the_calls_that_it_makes(
    template: Template, todo_service: TodoService, dynamodb: DynamoDBClient, calls: Calls
) -> None:
    for _ in range(2):  # the second request reads the key's record
        todo_service.create(OWNER, 1, {"item": "x"}, key="k")
    todo_service.update(OWNER, 1, {"item": "y"})
    todo_service.get(OWNER, 1)
    todo_service.page(OWNER, limit=1, after=None)
    todo_service.delete(OWNER, 1)
    log = make_event_log(dynamodb)
    log.page(OWNER, after=None, types=(), limit=1)
    with pytest.raises(NotFound):
        log.get(OWNER, "event-9")

    assert calls == _allowed(template, "ApiRole")


def test_the_relay_may_make_only_the_calls_that_it_makes(
    template: Template,
    dynamodb: DynamoDBClient,
    convoy: Convoy,
    publisher: ConvoyPublisher,
    questions: Questions,
    calls: Calls,
) -> None:
    at = now() - timedelta(minutes=10)
    event = Event(new_event_id(at), OWNER, "created", at, {"todo": {}})
    dynamodb.put_item(**make_outbox(dynamodb).put(event))
    calls.clear()

    for later in (timedelta(), timedelta(minutes=2)):  # it publishes, then settles
        relay = make_relay(dynamodb, publisher, questions, lambda later=later: now() + later)  # type: ignore[misc]
        report = relay.run()
        convoy.deliveries()

    assert (report.settled, report.pending) == (1, 0)
    assert calls == _allowed(template, "RelayRole")


def test_the_customers_function_reaches_no_table(template: Template) -> None:
    """It makes no call of DynamoDB: app/wiring/customers.py builds no client of it."""
    assert _allowed(template, "WebhooksRole") == {}


def _allowed(template: Template, role: str) -> Calls:
    """The allowed actions on tables, in the form of `calls`."""
    allowed: Calls = defaultdict(set)
    for statement in _statements(template, role):
        actions = _list(statement["Action"])
        if any(action.startswith("dynamodb:") for action in actions):
            table, attribute = statement["Resource"]["Fn::GetAtt"]
            assert attribute == "Arn"
            allowed[table].update(actions)
    return allowed


def test_a_function_reads_one_secret_and_writes_its_own_log(template: Template) -> None:
    for function in ("Api", "Webhooks", "Relay"):
        role, log = f"{function}Role", f"{function}LogGroup"
        resources = {
            action: statement["Resource"]
            for statement in _statements(template, role)
            for action in _list(statement["Action"])
            if not action.startswith("dynamodb:")
        }
        assert template.properties(f"{function}LambdaFunction")["Role"] == {
            "Fn::GetAtt": [role, "Arn"]
        }
        resources.pop("sqs:SendMessage", None)
        assert resources == {
            "secretsmanager:GetSecretValue": SECRET,
            "logs:CreateLogStream": {"Fn::GetAtt": [log, "Arn"]},
            "logs:PutLogEvents": {"Fn::GetAtt": [log, "Arn"]},
        }
    assert template.parameters["ConvoySecret"] == "fastapi-todo-convoy/dev/convoy"


def test_only_the_relay_writes_to_the_queue_of_its_failures(template: Template) -> None:
    by_role = {
        role: statement["Resource"]
        for role in template.of_type("AWS::IAM::Role").keys() & resolved(template).keys()
        for statement in _statements(template, role)
        if statement["Action"] == "sqs:SendMessage"
    }

    assert by_role == {"RelayRole": {"Fn::GetAtt": ["RelayFailures", "Arn"]}}


def test_the_schedule_may_call_the_relay_and_nothing_else(template: Template) -> None:
    (statement,) = _statements(template, "RelayScheduleRole")

    assert statement["Action"] == "lambda:InvokeFunction"
    assert statement["Resource"] == {"Fn::GetAtt": ["RelayLambdaFunction", "Arn"]}


@pytest.mark.parametrize("params", [{}, COMPANY], ids=["by default", "with all parameters"])
def test_no_role_allows_every_action_or_every_resource(
    packaged: Callable[..., Template], params: dict[str, str]
) -> None:
    for resource in resolved(packaged(**params)).values():
        properties = resource.get("Properties", {})
        if resource["Type"] not in {"AWS::IAM::Role", "AWS::IAM::Policy"}:
            continue
        assert "ManagedPolicyArns" not in properties
        for policy in properties.get("Policies", [properties]):
            for statement in policy["PolicyDocument"]["Statement"]:
                _check_allowed(statement)


def _check_allowed(statement: JsonObject) -> None:
    if statement["Effect"] == "Deny":
        return
    assert statement.keys() - {"Condition"} == {"Effect", "Action", "Resource"}
    actions, resources = _list(statement["Action"]), _list(statement["Resource"])
    assert not any("*" in action for action in actions)
    if re.search("[*?]", json.dumps(resources)):
        assert (actions, resources) in OF_MANY


@pytest.mark.parametrize("function", ["Api", "Webhooks", "Relay"])
def test_in_a_vpc_lambda_may_make_interfaces_and_the_functions_code_may_not(
    packaged: Callable[..., Template], function: str
) -> None:
    statements = _statements(packaged(**COMPANY), f"{function}Role")
    allowed, denied = [each for each in statements if _list(each["Action"]) == NETWORK]

    assert (allowed["Effect"], denied["Effect"]) == ("Allow", "Deny")
    condition = denied["Condition"]["ArnLike"]["lambda:SourceFunctionArn"]["Fn::Sub"]
    assert condition.endswith(":function:${AWS::StackName}-*")


def test_a_function_may_use_the_companys_key_and_grant_it_to_nobody(
    packaged: Callable[..., Template],
) -> None:
    template = packaged(**COMPANY)
    by_role = {
        role: {action for each in _statements(template, role) for action in _of_key(each)}
        for role in ("ApiRole", "WebhooksRole", "RelayRole")
    }

    assert by_role["ApiRole"] == by_role["RelayRole"] >= {"kms:Decrypt", "kms:GenerateDataKey"}
    assert by_role["WebhooksRole"] == {"kms:Decrypt"}
    assert "kms:CreateGrant" not in by_role["ApiRole"]


def _of_key(statement: JsonObject) -> list[str]:
    return _list(statement["Action"]) if statement["Resource"] == KEY else []


def test_tracing_is_allowed_only_if_it_is_on(packaged: Callable[..., Template]) -> None:
    assert packaged().parameters["Tracing"] == "PassThrough"
    template = packaged(tracing="Active")

    assert template.parameters["Tracing"] == "Active"
    assert template.body["Conditions"]["Traced"] == {"Fn::Equals": [{"Ref": "Tracing"}, "Active"]}
    for function in ("Api", "Webhooks", "Relay"):
        assert template.properties(f"{function}LambdaFunction")["TracingConfig"]["Mode"] == "Active"
        assert TRACING in _conditional(template, f"{function}Role")


def test_no_function_starts_before_its_role_has_every_permission(template: Template) -> None:
    """A function waits for its role. Nothing waits for a policy that is another resource."""
    assert template.of_type("AWS::IAM::Policy") == {}
    assert template.of_type("AWS::IAM::ManagedPolicy") == {}
    for name in template.of_type("AWS::Lambda::Function"):
        assert name.replace("LambdaFunction", "Role") in template.resources[name]["DependsOn"]
    for version in template.of_type("AWS::Lambda::Version").values():
        assert version["FunctionName"]["Ref"] in template.resources


def _conditional(template: Template, role: str) -> list[JsonObject]:
    """The role's statements that depend on a condition."""
    (policy,) = template.properties(role)["Policies"]
    return [each for each in policy["PolicyDocument"]["Statement"] if "Fn::If" in each]


def _statements(template: Template, role: str) -> list[JsonObject]:
    (policy,) = resolved(template)[role]["Properties"]["Policies"]
    statements: list[JsonObject] = policy["PolicyDocument"]["Statement"]
    return statements


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
