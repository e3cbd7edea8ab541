"""What a company asks for, all of it off by default: docs/company.md."""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.integration.deploy import javascript
from tests.integration.deploy.company import BOUNDARY, COMPANY, KEY
from tests.integration.deploy.conditions import resolved
from tests.integration.deploy.schemas import replacing, schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.deploy.osls import Template
    from tests.support import JsonObject

    Packaged = Callable[..., Template]

MANY_REGIONS = "arn:aws:kms:eu-central-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab"
WITHOUT_KEY = {
    "AWS::S3::Bucket",  # the framework's, with the zip of the code, under a key of AWS
    "AWS::Scheduler::Schedule",  # it has no payload
}


@pytest.fixture
def company(packaged: Packaged) -> JsonObject:
    return resolved(packaged(**COMPANY))


@pytest.fixture
def plain(packaged: Packaged) -> JsonObject:
    return resolved(packaged("prod", alarmEmail="ops@example.com"))


def test_all_that_can_be_encrypted_is_under_the_companys_key(company: JsonObject) -> None:
    for name, resource in company.items():
        kind = resource["Type"]
        can = [each for each in schema(kind)["properties"] if re.search("Kms|Encrypt|^SSE", each)]
        if can and kind not in WITHOUT_KEY:
            properties = {each: resource["Properties"].get(each) for each in can}
            assert KEY in json.dumps(properties), name


def test_a_queue_has_one_kind_of_encryption(company: JsonObject, plain: JsonObject) -> None:
    def encryption(resources: JsonObject) -> tuple[str | None, bool]:
        queue = resources["RelayFailures"]["Properties"]
        return queue.get("KmsMasterKeyId"), queue["SqsManagedSseEnabled"]

    assert encryption(company) == (KEY, False)
    assert encryption(plain) == (None, True)


def test_the_functions_run_in_the_companys_subnets(company: JsonObject) -> None:
    for function in _of_type(company, "AWS::Lambda::Function").values():
        assert function["VpcConfig"] == {
            "SecurityGroupIds": ["sg-0c3d4e5f"],
            "SubnetIds": ["subnet-0a1b2c3d", "subnet-0123456789abcdef0"],
        }


def test_every_role_is_within_the_companys_boundary(company: JsonObject) -> None:
    roles = _of_type(company, "AWS::IAM::Role")

    assert roles
    assert {name: role.get("PermissionsBoundary") for name, role in roles.items()} == dict.fromkeys(
        roles, BOUNDARY
    )


def test_a_companys_parameters_replace_nothing_that_is_there(
    company: JsonObject, plain: JsonObject
) -> None:
    for name in plain.keys() & company.keys():
        kind = plain[name]["Type"]
        before, after = plain[name].get("Properties", {}), company[name].get("Properties", {})
        for each in replacing(kind):
            assert before.get(each) == after.get(each), (name, each)


def test_another_key_or_network_makes_a_new_version_of_each_function(
    company: JsonObject, plain: JsonObject
) -> None:
    versions = [_of_type(each, "AWS::Lambda::Version").keys() for each in (company, plain)]

    assert versions[0]
    assert not versions[0] & versions[1]


def test_by_default_there_is_nothing_of_it(plain: JsonObject) -> None:
    text = json.dumps(plain)

    for trace in ("VpcConfig", "PermissionsBoundary", "Kms", "kms:", "ec2:", "AWS::Backup"):
        assert trace not in text
    log = json.loads(plain["HttpApiStage"]["Properties"]["AccessLogSettings"]["Format"])
    assert not {"ip", "path", "userAgent"} & log.keys()


def test_the_full_log_says_who_asked_for_what_but_names_no_owner(company: JsonObject) -> None:
    text = company["HttpApiStage"]["Properties"]["AccessLogSettings"]["Format"]
    logged = json.loads(text)

    assert {"ip", "path", "userAgent", "requestId", "integrationRequestId"} <= logged.keys()
    for named in ("claims", "principalId", "identity.user}", "userArn", "caller", "cognito"):
        assert named not in text.replace("identity.userAgent", "")
    for function in _of_type(company, "AWS::Lambda::Function").values():
        assert function["Environment"]["Variables"]["ACCESS_LOG"] == "full"


def test_copies_of_todos_and_log_outlive_the_stack(company: JsonObject) -> None:
    vault, selection = company["BackupVault"], company["BackupSelection"]["Properties"]
    rule = company["BackupPlan"]["Properties"]["BackupPlan"]["BackupPlanRule"][0]

    # One that a failed deployment made is not in the way of the next.
    assert vault["DeletionPolicy"] == "RetainExceptOnCreate"
    assert vault["UpdateReplacePolicy"] == "Retain"
    assert rule["TargetBackupVault"] == {"Ref": "BackupVault"}
    assert rule["Lifecycle"] == {"DeleteAfterDays": "35"}
    tables = [each["Fn::GetAtt"][0] for each in selection["BackupSelection"]["Resources"]]
    assert tables == ["ResourcesTable", "EventsTable"]


def test_without_new_copies_the_vault_and_the_role_stay_for_those_that_are_there(
    packaged: Packaged,
) -> None:
    template = packaged(**COMPANY)
    none = copy.copy(template)
    none.state = template.state.replace('"ParameterValue": "35"', '"ParameterValue": "0"')

    gone = resolved(template).keys() - resolved(none).keys()

    assert gone == {"BackupPlan", "BackupSelection"}


def test_the_vault_of_another_key_has_another_name_of_at_most_50_characters() -> None:
    keys = ["", KEY, KEY.replace("1234abcd", "1234abce"), MANY_REGIONS, f"{MANY_REGIONS[:-1]}0"]

    answers = javascript.call_each(ASK, [{"kmsKeyArn": key} for key in keys])

    names = [answer["value"]["keyName"] for answer in answers]
    assert names[0] == "plain"
    assert len(set(names)) == len(keys)
    longest = f"{'s' * 32}-0a1b2c3d-"  # the stack's name, and a part of its id
    assert all(re.fullmatch("[a-zA-Z0-9_-]{2,50}", longest + name) for name in names)


def test_the_name_of_the_vault_is_of_the_stack_and_the_key(company: JsonObject) -> None:
    name = company["BackupVault"]["Properties"]["BackupVaultName"]
    (key,) = javascript.call_each(ASK, [{"kmsKeyArn": KEY}])

    stack_id = {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}
    part = {"Fn::Select": [0, {"Fn::Split": ["-", stack_id]}]}
    parts = [{"Ref": "AWS::StackName"}, part, key["value"]["keyName"]]
    assert name == {"Fn::Join": ["-", parts]}


REFUSED = {
    "kmsKeyArn": ["alias/mine", KEY.replace("key/", "alias/")],
    "permissionsBoundary": ["boundary", "arn:aws:iam::123456789012:role/deployer"],
    "subnetIds": ["subnet-0a1b2c3d,sg-0c3d4e5f", "subnet-0a1"],
    "securityGroupIds": ["subnet-0a1b2c3d"],
    "backupDays": ["00", "-1", "ten", "1.5"],
    "accessLog": ["", "long"],
}
ALONE = [{"subnetIds": "subnet-0a1b2c3d"}, {"securityGroupIds": "sg-0c3d4e5f"}]


ASK = """(given) => {
  const values = { accessLog: 'short', ...given };
  const resolveVariable = async (name) => values[name.replace('param:', '')] ?? '';
  return require('./infra/serverless/company.js')({ resolveVariable });
}"""


def test_a_wrong_parameter_is_refused_by_its_name() -> None:
    cases = [{name: value} for name, values in REFUSED.items() for value in values] + ALONE

    messages = [outcome["error"] for outcome in javascript.call_each(ASK, cases)]

    for case, message in zip(cases, messages, strict=True):
        (name,) = case
        assert message.startswith(f"{name}"), (case, message)
    assert messages[-2:] == [
        "subnetIds is given, securityGroupIds is not: functions in a VPC need both",
        "securityGroupIds is given, subnetIds is not: functions in a VPC need both",
    ]


def _of_type(resources: JsonObject, kind: str) -> JsonObject:
    return {
        name: resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == kind
    }
