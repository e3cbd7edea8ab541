"""A deployment from creation to removal, as far as moto's CloudFormation makes it.

moto makes no API, alarm or schedule, and returns some properties wrong:
test_template.py checks those.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from app.dynamodb.events_table import EventsTable
from app.dynamodb.outbox_table import OutboxTable
from app.dynamodb.store import DynamoStore
from app.wiring.clients import dynamodb
from infra.checks import rollback
from infra.local import tables
from tests.integration.deploy import issuers
from tests.integration.deploy.deployer import Deployer
from tests.integration.deploy.javascript import call_each
from tests.integration.deploy.osls import Project
from tests.ports import own_port
from tests.support import NOW, OWNER, RETENTION
from tests.todo import TODO, Todo

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.tables import TodoStore

REGION = "eu-central-1"
SECRET = "fastapi-todo-convoy/dev/convoy"  # noqa: S105


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)  # type: ignore[call-overload]


@dataclass(frozen=True)
class Stack:
    project: Project
    deployer: Deployer

    def deploy_first(self) -> str:
        """In a process of its own, as a user does."""
        return self._done(self.project.run_alone, "deploy")

    def deploy(self, **params: str) -> str:
        return self._done(self.project.run, "deploy", **params)

    def remove(self) -> str:
        return self._done(self.project.run, "remove")

    def _done(
        self, run: Callable[..., subprocess.CompletedProcess[str]], command: str, **params: str
    ) -> str:
        with self.deployer.acting():
            done = run(command, **params)
        output = done.stdout + done.stderr
        assert done.returncode == 0, output
        assert "was not checked" not in output  # the deployer may make every look
        return output

    @property
    def outputs(self) -> dict[str, str]:
        name = "fastapi-todo-convoy-dev"
        (stack,) = client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def store(self) -> TodoStore:
        """The app's own store, on this stack's tables."""
        outbox = OutboxTable(dynamodb(), self.outputs["OutboxTable"], settle_after=timedelta())
        return DynamoStore(
            dynamodb(),
            TODO,
            table=self.outputs["ResourcesTable"],
            idempotency_table=self.outputs["IdempotencyTable"],
            outbox=outbox,
            log=EventsTable(dynamodb(), self.outputs["EventsTable"], retention=RETENTION),
        )


@pytest.fixture(scope="module")
def stack(project: Project, aws: None, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """Deployed once for the module, by a user with the policies of infra/company/deployer.yml."""
    deployer = Deployer.make(os.environ["AWS_ENDPOINT_URL"], "dev")
    stack = Stack(Project.copy(tmp_path_factory.mktemp("stack")), deployer)
    client("secretsmanager").create_secret(Name=SECRET, SecretString='{"CONVOY_API_KEY": "CO.key"}')
    stack.deploy_first()
    return stack


def live() -> dict[str, str]:
    """The version of each function that the gateway calls."""
    return {
        name: client("lambda").get_alias(
            FunctionName=f"fastapi-todo-convoy-dev-{name}", Name=rollback.ALIAS
        )["FunctionVersion"]
        for name in rollback.FUNCTIONS
    }


INVENTORY: dict[str, Callable[[], list[str]]] = {
    "buckets": lambda: [each["Name"] for each in client("s3").list_buckets()["Buckets"]],
    "dashboards": lambda: [
        each["DashboardName"] for each in client("cloudwatch").list_dashboards()["DashboardEntries"]
    ],
    "functions": lambda: [
        each["FunctionName"] for each in client("lambda").list_functions()["Functions"]
    ],
    "log groups": lambda: [
        each["logGroupName"] for each in client("logs").describe_log_groups()["logGroups"]
    ],
    "queues": lambda: client("sqs").list_queues().get("QueueUrls", []),
    "roles": lambda: [each["RoleName"] for each in client("iam").list_roles()["Roles"]],
    "tables": lambda: client("dynamodb").list_tables()["TableNames"],
    "topics": lambda: [each["TopicArn"] for each in client("sns").list_topics()["Topics"]],
}


def inventory() -> dict[str, list[str]]:
    return {kind: sorted(names()) for kind, names in INVENTORY.items()}


def test_a_deployment_that_would_fail_names_every_reason_and_makes_nothing(stack: Stack) -> None:
    before = inventory()
    jwt = {"jwtIssuer": f"https://localhost:{own_port()}", "jwtAudience": "todos"}

    done = stack.project.run_alone("deploy", "--stage=prod", **jwt)

    assert done.returncode != 0
    output = done.stdout + done.stderr
    assert 'There is no secret "fastapi-todo-convoy/prod/convoy"' in output
    assert f"{jwt['jwtIssuer']}/.well-known/openid-configuration can't be read" in output
    assert "Nothing was changed." in output
    assert inventory() == before


def test_every_resource_that_moto_makes_exists(stack: Stack) -> None:
    counted = {kind: len(names) for kind, names in inventory().items()}

    assert counted == {
        "buckets": 1,
        "dashboards": 1,
        "functions": 3,
        "log groups": 4,
        "queues": 1,
        "roles": 4,
        "tables": 4,
        "topics": 1,
    }


def test_the_app_stores_a_todo_and_its_event_in_the_stacks_tables(stack: Stack) -> None:
    store = stack.store()
    todo = Todo(OWNER, 1, "Deploy it", completed=False)
    change = TODO.create(todo, now=NOW, event_id="event-1")

    store.commit(change)

    assert store.read(OWNER, 1).resource == change.state
    assert store.is_waiting("event-1")


def test_a_second_deployment_changes_nothing(stack: Stack) -> None:
    before = (inventory(), stack.outputs)

    assert "No changes to deploy" in stack.deploy()

    assert (inventory(), stack.outputs) == before


def test_another_sign_in_is_refused_until_it_is_named_and_replaces_no_resource(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (inventory(), live())
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", str(tmp_path / "authority.pem"))
    jwt = {"jwtAudience": "todos"}

    with issuers.serve(tmp_path) as served:
        jwt["jwtIssuer"] = served.add("issuer", issuers.RSA)
        refused = stack.project.run("deploy", **jwt)
        unchanged = (inventory(), live())
        stack.deploy(**jwt, accept="signIn")
    during_outage = stack.deploy(**jwt)

    assert refused.returncode != 0
    output = refused.stdout + refused.stderr
    assert "For this deployment alone, by --param:" in output
    assert f"  signIn: iam -> jwt {jwt['jwtIssuer']} todos (loosens)" in output
    assert "--param accept=signIn" in output
    assert unchanged == before
    assert (inventory(), live()) == (before[0], {"api": "2", "webhooks": "2"})
    assert "The stack has this issuer already, so the deployment goes on." in during_outage


def test_one_command_goes_back_to_the_versions_before(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["rollback", "dev"])
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)

    code = rollback.main()

    assert code == 0
    assert live() == {"api": "1", "webhooks": "1"}
    assert "fastapi-todo-convoy-dev-api: version 2 -> 1" in capsys.readouterr().out
    assert rollback.main() == 1
    assert "at the versions before the last deployment already" in capsys.readouterr().err


DEPLOY = """async (deployed) => {
  const { check, protect } = require('./infra/serverless/deployed');
  const { CloudFormationClient } = require('@aws-sdk/client-cloudformation');
  const client = new CloudFormationClient({ region: 'eu-west-1' });
  const provider = {
    stackParameters: [{ ParameterKey: 'DeletionProtection', ParameterValue: 'true' }],
    compiledCloudFormationTemplate: {},
  };
  await check(client, 'tables', provider, { accept: '', print() {} });
  if (deployed) await protect(client, 'tables', { keeping: { tables: 'true' } });
  return provider.stackParameters[0].ParameterValue;
}"""


def test_a_first_deployment_protects_its_tables_once_they_are_made(aws: None) -> None:
    """A rollback of that deployment has to be able to delete them."""
    cloudformation = boto3.client("cloudformation", region_name="eu-west-1")
    parameters = tables.template()["Parameters"]
    given = {name: each["Default"] for name, each in parameters.items()}

    (first,) = call_each(DEPLOY, [False])
    cloudformation.create_stack(
        StackName="tables",
        TemplateBody=tables.TEMPLATE.read_text(),
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in (given | {"DeletionProtection": "false"}).items()
        ],
    )
    (after,) = call_each(DEPLOY, [True])

    assert (first, after) == ({"value": "false"}, {"value": "true"})
    (stack,) = cloudformation.describe_stacks(StackName="tables")["Stacks"]
    made = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    assert made == given | {"DeletionProtection": "true"}


def test_a_removal_leaves_nothing(stack: Stack) -> None:
    stack.remove()

    assert inventory() == {kind: [] for kind in INVENTORY}
