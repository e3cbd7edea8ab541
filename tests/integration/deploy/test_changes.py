"""A deployment shows what it changes in the stage, and loosens nothing that it does not name."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.deploy.javascript import call_each
from tests.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.integration.deploy.osls import Template
    from tests.support import JsonObject

    Packaged = Callable[..., Template]
    Change = Callable[["Stage"], object]

COMPARE = """({ deployed, planned, accept }) => {
  const { factsOf } = require('./infra/serverless/facts');
  const { changesBetween, describe, refusal } = require('./infra/serverless/changes');
  const facts = [deployed, planned].map((each) => factsOf(each.template, each.parameters));
  const changes = changesBetween(...facts);
  return { facts: facts[0], lines: describe(changes), refusal: refusal(changes, accept) ?? null };
}"""

JWT = {"jwtIssuer": "https://issuer.example", "jwtAudience": "todos"}


COMPANY = {
    "KmsKeyArn": "key-1",
    "PermissionsBoundary": "boundary-1",
    "BackupDays": "35",
}

NETWORK = {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1", "sg-2"]}


class Stage:
    """A copy of a packaged template that a test changes, with its parameters."""

    def __init__(self, template: Template) -> None:
        self.resources: JsonObject = copy.deepcopy(template.resources)
        self.parameters = dict(template.parameters)

    def changed(self, change: Change) -> Stage:
        other = copy.deepcopy(self)
        change(other)
        return other

    def set(self, name: str, value: str) -> None:
        for resource in self.resources.values():
            if resource["Type"] == "AWS::Lambda::Function":
                resource["Properties"]["Environment"]["Variables"][name] = value

    def throttle(self, **settings: str) -> None:
        route = self.resources["HttpApiStage"]["Properties"]["DefaultRouteSettings"]
        route.update(settings)

    def put(self, name: str, **properties: Any) -> None:
        self.resources[name]["Properties"].update(properties)

    def drop(self, name: str, key: str) -> None:
        del self.resources[name]["Properties"][key]

    @property
    def json(self) -> JsonObject:
        return {"template": {"Resources": self.resources}, "parameters": self.parameters}


@pytest.fixture
def stage(packaged: Packaged) -> Stage:
    stage = Stage(packaged("prod", **JWT, alarmEmail="ops@example.com"))
    stage.parameters |= COMPANY
    _network(**NETWORK)(stage)
    return stage


def compared(cases: Sequence[tuple[Stage, Stage]], accept: str = "") -> list[JsonObject]:
    given = [
        {"deployed": deployed.json, "planned": planned.json, "accept": accept}
        for deployed, planned in cases
    ]
    answers = call_each(COMPARE, given)
    assert not [answer for answer in answers if "error" in answer], answers
    return [answer["value"] for answer in answers]


def _origins(*origins: str) -> Change:
    return lambda stage: stage.put("HttpApi", CorsConfiguration={"AllowOrigins": list(origins)})


def _delete_tables(stage: Stage) -> None:
    for table in TABLES:
        stage.resources[table]["DeletionPolicy"] = "Delete"


def _keep_logs(stage: Stage) -> None:
    for name, resource in stage.resources.items():
        if resource["Type"] == "AWS::Logs::LogGroup":
            stage.put(name, RetentionInDays=365)


def _iam(stage: Stage) -> None:
    stage.set("SIGN_IN", "iam")
    del stage.resources["HttpApiAuthorizerJwt"]


def _network(**changes: list[str]) -> Change:
    def change(stage: Stage) -> None:
        for name, resource in stage.resources.items():
            if resource["Type"] == "AWS::Lambda::Function":
                before = resource["Properties"].get("VpcConfig", {})
                stage.put(name, VpcConfig=before | changes)

    return change


def _one_outside(stage: Stage) -> None:
    stage.put("RelayLambdaFunction", VpcConfig={})


def _routes(*, only: str = "", **changes: object) -> Change:
    def change(stage: Stage) -> None:
        for name, resource in stage.resources.items():
            if resource["Type"] == "AWS::ApiGatewayV2::Route" and only in name:
                stage.put(name, **changes)

    return change


def _token(**changes: object) -> Change:
    def change(stage: Stage) -> None:
        stage.resources["HttpApiAuthorizerJwt"]["Properties"]["JwtConfiguration"].update(changes)

    return change


LOOSENING: dict[str, tuple[str, Change]] = {
    "IAM in place of tokens": ("signIn", _iam),
    "tokens of another issuer": ("signIn", _token(Issuer="https://other.example")),
    "tokens for more audiences": ("signIn", _token(Audience=["todos", "others"])),
    "everybody": ("signIn", lambda stage: stage.set("SIGN_IN", "anonymous")),
    "routes that ask for nothing": ("signIn", _routes(AuthorizationType="NONE")),
    "a route that asks for nothing": (
        "signIn",
        _routes(only="Webhooks", AuthorizationType="NONE"),
    ),
    "a route with another scope": ("signIn", _routes(only="Webhooks", AuthorizationScopes=["a"])),
    "another claim": ("ownerClaim", lambda stage: stage.set("OWNER_CLAIM", "org_id")),
    "another owner": ("convoyAppId", lambda stage: stage.set("CONVOY_APP_ID", "others")),
    "another Convoy": (
        "convoyBaseUrl",
        lambda stage: stage.set("CONVOY_BASE_URL", "https://us.getconvoy.cloud/api"),
    ),
    "another project": ("convoyProjectId", lambda stage: stage.set("CONVOY_PROJECT_ID", "p2")),
    "another secret": ("convoySecret", lambda stage: stage.set("CONVOY_API_KEY_SECRET", "mine")),
    "an origin": ("corsOrigins", _origins("https://portal.example")),
    "a higher rate": ("rateLimit", lambda stage: stage.throttle(ThrottlingRateLimit="500")),
    "no rate": ("rateLimit", lambda stage: stage.drop("HttpApiStage", "DefaultRouteSettings")),
    "a higher burst": ("burstLimit", lambda stage: stage.throttle(ThrottlingBurstLimit="500")),
    "alarms to nobody": ("alarmEmail", lambda stage: stage.parameters.update(AlarmEmail="")),
    "alarms to another": ("alarmEmail", lambda stage: stage.parameters.update(AlarmEmail="a@b.c")),
    "the keys of AWS": ("kmsKeyArn", lambda stage: stage.parameters.update(KmsKeyArn="")),
    "no boundary": (
        "permissionsBoundary",
        lambda stage: stage.parameters.update(PermissionsBoundary=""),
    ),
    "another network": ("subnetIds", _network(SubnetIds=["subnet-2", "subnet-3"])),
    "a function outside the network": ("subnetIds", _one_outside),
    "a security group more": (
        "securityGroupIds",
        _network(SecurityGroupIds=["sg-1", "sg-2", "sg-3"]),
    ),
    "no security group": ("securityGroupIds", _network(SecurityGroupIds=[])),
    "no backups": ("backupDays", lambda stage: stage.parameters.update(BackupDays="")),
    "logs kept for less": (
        "logRetentionInDays",
        lambda stage: stage.put("RelayLogGroup", RetentionInDays=14),
    ),
    "events kept for less": (
        "eventRetentionDays",
        lambda stage: stage.set("EVENT_RETENTION_DAYS", "7"),
    ),
    "tables without protection": (
        "disposable",
        lambda stage: stage.parameters.update(DeletionProtection="false"),
    ),
    "tables that go with the stack": ("disposable", _delete_tables),
}

TIGHTENING: dict[str, Change] = {
    "a subnet more": _network(SubnetIds=["subnet-3", "subnet-2", "subnet-1"]),
    "a security group less": _network(SecurityGroupIds=["sg-2"]),
    "a lower rate": lambda stage: stage.throttle(ThrottlingRateLimit="7"),
    "logs kept for longer": _keep_logs,
    "events kept for longer": lambda stage: stage.set("EVENT_RETENTION_DAYS", "365"),
}


def test_a_loosening_is_shown_and_refused_by_its_name(stage: Stage) -> None:
    cases = [(stage, stage.changed(change)) for _, change in LOOSENING.values()]

    for (name, _), answer in zip(LOOSENING.values(), compared(cases), strict=True):
        loosening = [line for line in answer["lines"] if line.endswith("(loosens)")]
        # Without its settings the gateway loses both limits.
        assert any(line.startswith(f"  {name}: ") for line in loosening), answer
        assert f"would loosen the stage: {name}" in answer["refusal"], answer
        assert f"--param accept={name}" in answer["refusal"]


def test_a_named_loosening_is_deployed(stage: Stage) -> None:
    changes = {name: change for name, change in LOOSENING.values() if name != "rateLimit"}
    planned = stage
    for change in changes.values():
        planned = planned.changed(change)

    (answer,) = compared([(stage, planned)], accept=", ".join(changes))

    assert len(answer["lines"]) == len(changes)
    assert answer["refusal"] is None


def test_one_of_two_loosenings_is_not_enough(stage: Stage) -> None:
    def change(other: Stage) -> None:
        _iam(other)
        other.set("CONVOY_BASE_URL", "https://us.getconvoy.cloud/api")

    (answer,) = compared([(stage, stage.changed(change))], accept="signIn")

    assert "would loosen the stage: convoyBaseUrl." in answer["refusal"]


def test_an_acceptance_that_nothing_needs_is_refused(stage: Stage) -> None:
    (answer,) = compared([(stage, stage)], accept="signIn,convoyBaseUrls")

    assert "does not loosen signIn, convoyBaseUrls. Leave it out." in answer["refusal"]


def test_a_tightening_is_shown_and_deployed(stage: Stage) -> None:
    cases = [(stage, stage.changed(change)) for change in TIGHTENING.values()]
    # The way back from a loosening tightens, where the direction matters.
    cases += [
        (stage.changed(change), stage)
        for name, change in LOOSENING.values()
        if name in {"corsOrigins", "rateLimit", "burstLimit", "disposable"}
    ]
    for answer in compared(cases):
        assert answer["lines"]
        assert answer["refusal"] is None


def test_the_same_template_changes_nothing(stage: Stage) -> None:
    turned = {name: ids[::-1] for name, ids in NETWORK.items()}

    for answer in compared([(stage, stage), (stage, stage.changed(_network(**turned)))]):
        assert (answer["lines"], answer["refusal"]) == ([], None)


def test_the_facts_are_those_of_the_stage(stage: Stage) -> None:
    (answer,) = compared([(stage, stage)])

    assert answer["facts"] == {
        "signIn": "jwt https://issuer.example todos",
        "ownerClaim": "sub",
        "convoyAppId": "app-1",
        "convoyBaseUrl": "https://convoy.example/api",
        "convoyProjectId": "project-1",
        "convoySecret": "fastapi-todo-convoy/prod/convoy",
        "corsOrigins": [],
        "rateLimit": 50,
        "burstLimit": 100,
        "alarmEmail": "ops@example.com",
        "logRetentionInDays": 90,
        "eventRetentionDays": 30,
        "kmsKeyArn": "key-1",
        "permissionsBoundary": "boundary-1",
        "subnetIds": ["subnet-1", "subnet-2"],
        "securityGroupIds": ["sg-1", "sg-2"],
        "backupDays": 35,
        "disposable": False,
    }


FAILING = """async ({ name, message, call }) => {
  const deployed = require('./infra/serverless/deployed');
  const send = async () => { throw Object.assign(new Error(message), { name }) };
  const provider = { keeping: { tables: 'true' }, stackParameters: [] };
  return deployed[call]({ send }, 'todos-prod', provider, { accept: '', print() {} });
}"""


def test_a_stack_that_cannot_be_read_is_reported_and_not_changed() -> None:
    denied = {"name": "AccessDenied", "message": "not authorized to perform GetTemplate"}
    slow = {"name": "TimeoutError", "message": "The operation was aborted due to timeout"}
    cases = [denied | {"call": "check"}, slow | {"call": "check"}, slow | {"call": "protect"}]

    denial, silence, unprotected = (answer["error"] for answer in call_each(FAILING, cases))

    assert denial.startswith("The stack todos-prod could not be read (AccessDenied: not authorized")
    assert "allow cloudformation:DescribeStacks and GetTemplate, or try again" in denial
    assert "(TimeoutError: The operation was aborted due to timeout)" in silence
    assert unprotected.startswith("The stage is deployed, and its tables can still be deleted (")
    assert unprotected.endswith("Deploy again.")


WITH_COPIES = """async (planned) => {
  const deployed = require('./infra/serverless/deployed');
  const parameter = (ParameterValue) => ({ ParameterKey: 'BackupDays', ParameterValue });
  const TemplateBody = '{"Resources": {}, "Description": "AWS::DynamoDB::Table"}';
  const stack = { Parameters: [parameter('35')], TemplateBody };
  const send = async () => ({ ...stack, Stacks: [stack] });
  const provider = { stackParameters: [parameter(planned)], compiledCloudFormationTemplate: {} };
  await deployed.check({ send }, 'todos-prod', provider, { accept: '', print() {} });
}"""


def test_a_vault_of_copies_is_never_taken_out_of_its_stack() -> None:
    """Its name would be taken when backups are switched on again."""
    off, none, other = call_each(WITH_COPIES, ["", "0", "7"])

    assert off["error"].startswith("backupDays is taken away, and the stage has a vault of copies.")
    assert "Write backupDays: 0 for no new copies" in off["error"]
    assert (none, other) == ({}, {})
