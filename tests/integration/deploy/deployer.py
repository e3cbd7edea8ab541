"""The policies of infra/company, made by moto's CloudFormation, and a user who has no others."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest

from tests.integration.deploy.company import KEY
from tests.integration.deploy.schemas import REGION
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import JsonObject

Statements = list["JsonObject"]


@dataclass(frozen=True)
class Policies:
    """The statements of each policy, by its name in the templates."""

    boundary: Statements
    code: Statements
    resources: Statements

    @property
    def deployer(self) -> Statements:
        return self.code + self.resources


def make_policies(stage: str) -> Policies:
    """With the key: moto does not leave out what a condition leaves out."""
    parameters = {"Stage": stage, "KmsKeyArn": KEY}
    boundary = _make("boundary", **parameters)["PermissionsBoundary"]
    made = _make("deployer", PermissionsBoundary=boundary, **parameters)
    names = boundary, made["DeployerOfCode"], made["DeployerOfResources"]
    return Policies(*map(_statements, names))


def allows(statements: Statements, action: str, resource: str | None = None) -> bool:
    """Whether the action is allowed on the resource; without one: on any resource."""
    return any(
        any(fnmatchcase(action, pattern) for pattern in listed(statement["Action"]))
        and (
            resource is None
            or any(fnmatchcase(resource, pattern) for pattern in listed(statement["Resource"]))
        )
        for statement in statements
    )


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@dataclass(frozen=True)
class Deployer:
    """A user with the deployer's actions. On every resource: moto compares no resources."""

    moto: str
    access_key: JsonObject

    @classmethod
    def make(cls, moto: str, stage: str) -> Deployer:
        policies = make_policies(stage)
        actions = [action for each in policies.deployer for action in listed(each["Action"])]
        # moto's name for s3:ListBucket. And a call whose refusal the framework accepts, but not in
        # moto's form.
        actions += ["s3:HeadBucket", "ecr:DescribeRepositories"]
        policy = {"Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
        iam = boto3.client("iam", REGION)
        iam.create_user(UserName="deployer")
        document = json.dumps({"Version": "2012-10-17", **policy})
        iam.put_user_policy(UserName="deployer", PolicyName="deploy", PolicyDocument=document)
        return cls(moto, iam.create_access_key(UserName="deployer")["AccessKey"])

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Within it the environment has the deployer's key, and moto refuses other actions."""
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("AWS_ACCESS_KEY_ID", self.access_key["AccessKeyId"])
            environment.setenv("AWS_SECRET_ACCESS_KEY", self.access_key["SecretAccessKey"])
            self._refuse_after("0")
            try:
                yield
            finally:
                self._refuse_after("inf")

    def _refuse_after(self, calls: str) -> None:
        httpx.post(f"{self.moto}/moto-api/reset-auth", content=calls).raise_for_status()


def _make(name: str, **parameters: str) -> dict[str, str]:
    """The outputs of the stack."""
    cloudformation = boto3.client("cloudformation", REGION)
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=(ROOT / "infra" / "company" / f"{name}.yml").read_text(),
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
        Capabilities=["CAPABILITY_IAM"],
    )
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


def _statements(policy: str) -> Statements:
    version = boto3.client("iam", REGION).get_policy_version(PolicyArn=policy, VersionId="v1")
    document: Any = version["PolicyVersion"]["Document"]
    statements: Statements = document["Statement"]
    return statements
