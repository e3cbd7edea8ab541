"""Going back moves what the last deployment moved, to the versions that served before it."""

from __future__ import annotations

import io
import sys
import zipfile
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import boto3
import pytest

from infra.checks import rollback
from infra.checks.rollback import Function, Move, RollbackError, check_active, decide
from tests.integration.deploy.javascript import call_each

if TYPE_CHECKING:
    from collections.abc import Callable

REGION = "eu-central-1"


def function(name: str, live: str, before: str, after: str, *, shifting: bool = False) -> Function:
    return Function(name, live, "r1", before, after, shifting=shifting)


def test_a_function_that_the_deployment_left_alone_stays() -> None:
    api = function("api", "1", "1", "1")
    webhooks = function("webhooks", "9", "4", "9")

    assert decide([api, webhooks]) == [Move("webhooks", "9", "4", "r1")]


def test_a_call_that_was_broken_off_is_finished_by_the_next() -> None:
    api = function("api", "1", "1", "2")
    webhooks = function("webhooks", "2", "1", "2")

    assert decide([api, webhooks]) == [Move("webhooks", "2", "1", "r1")]


def test_a_second_call_moves_nothing() -> None:
    with pytest.raises(RollbackError, match=r"at the versions before .* deploy older sources"):
        decide([function("api", "1", "1", "2")])


def test_a_version_that_the_record_does_not_know_is_not_moved() -> None:
    with pytest.raises(RollbackError, match="api is at version 3, and the record is of version 2"):
        decide([function("api", "3", "1", "2")])


def test_while_requests_are_moving_nothing_moves() -> None:
    with pytest.raises(RollbackError, match="aws deploy stop-deployment"):
        decide([function("api", "2", "1", "2", shifting=True)])


def test_a_version_without_its_snapshot_gets_no_request() -> None:
    client = Mock()
    client.get_function_configuration.return_value = {"State": "Inactive"}

    with pytest.raises(RollbackError, match=r"version 1 of api is Inactive\. Call it until"):
        check_active(client, [Move("api", "2", "1", "r1")])

    client.update_alias.assert_not_called()


def test_without_a_region_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.setattr(sys, "argv", ["make rollback", "prod"])

    assert rollback.main() == rollback.NOTHING_MOVED

    no_region = "error: no AWS region is known: set AWS_REGION. Nothing was moved.\n"
    assert capsys.readouterr().err == no_region


STEP = """async ({ step, before, name }) => {
  const { LambdaClient } = require('@aws-sdk/client-lambda');
  const versions = require('./infra/serverless/versions');
  const lambda = new LambdaClient({ region: 'eu-central-1' });
  return versions[step](lambda, [name], before);
}"""


class Stage:
    """A function at AWS, deployed as CloudFormation and the plugin do it."""

    def __init__(self, stage: str) -> None:
        self.client: Any = boto3.client("lambda", region_name=REGION)
        self.name = f"{rollback.service()}-{stage}-api"
        self.client.create_function(
            FunctionName=self.name,
            Runtime="python3.13",
            Role=_role(f"{self.name}-role"),
            Handler="handler.api",
            Code={"ZipFile": _zip("0")},
        )
        version = self.publish()
        self.client.create_alias(
            FunctionName=self.name, Name=rollback.ALIAS, FunctionVersion=version
        )

    def publish(self) -> str:
        versions = self.client.list_versions_by_function(FunctionName=self.name)["Versions"]
        self.client.update_function_code(FunctionName=self.name, ZipFile=_zip(str(len(versions))))
        published: str = self.client.publish_version(FunctionName=self.name)["Version"]
        return published

    def deploy(self, *, taken_back: bool = False) -> str:
        """The new version's number."""
        before = self.step("serving")
        version = self.publish()
        if not taken_back:
            self.client.update_alias(
                FunctionName=self.name, Name=rollback.ALIAS, FunctionVersion=version
            )
            self.step("record", before)
        return version

    def step(self, step: str, before: Any = None) -> Any:
        (answer,) = call_each(STEP, [{"step": step, "before": before, "name": self.name}])
        assert "error" not in answer
        return answer.get("value")

    def names(self, alias: str) -> str:
        found: str = self.client.get_alias(FunctionName=self.name, Name=alias)["FunctionVersion"]
        return found


def _role(name: str) -> str:
    iam: Any = boto3.client("iam", region_name=REGION)
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    return arn


def _zip(content: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("handler.py", content)
    return packed.getvalue()


@pytest.fixture
def roll_back(aws: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    monkeypatch.setattr(rollback, "FUNCTIONS", ("api",))

    def run(stage: str) -> int:
        monkeypatch.setattr(sys, "argv", ["rollback", stage])
        return rollback.main()

    return run


def test_a_version_that_was_taken_back_is_never_gone_back_to(roll_back: Any) -> None:
    stage = Stage("taken")
    good = stage.deploy()
    stage.deploy(taken_back=True)
    stage.deploy(taken_back=True)
    stage.deploy()

    assert roll_back("taken") == 0

    assert stage.names(rollback.ALIAS) == good
    # An alias names it, so the framework deletes it never.
    assert stage.names(rollback.RECORD) == good


def test_a_version_that_was_left_by_a_rollback_is_never_gone_back_to(
    roll_back: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = Stage("left")
    good = stage.names(rollback.ALIAS)
    assert roll_back("left") == rollback.NOTHING_MOVED
    assert "has no version before 1" in capsys.readouterr().err

    stage.deploy()
    assert roll_back("left") == 0
    assert stage.names(rollback.ALIAS) == good
    stage.deploy()
    assert roll_back("left") == 0

    assert stage.names(rollback.ALIAS) == good
    assert "moves an alias only if it has a new version" in capsys.readouterr().out


def test_a_deployment_without_a_new_version_says_that_the_function_stays_back(
    roll_back: Any,
) -> None:
    stage = Stage("stays")
    good = stage.names(rollback.ALIAS)
    stage.deploy()
    before = stage.step("serving")
    assert stage.step("record", before) == []

    assert roll_back("stays") == 0

    (line,) = stage.step("record", stage.step("serving"))
    assert f"{stage.name} stays at version {good}, to which a rollback moved it" in line
