"""A deployment looks at the account, the boundary and the deployer's own permissions.

test_secret.py has the secret, test_issuer.py the tokens' issuer, test_stack.py the deployments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.deploy.javascript import call_each
from tests.integration.deploy.looks import (
    ARN,
    KEY,
    NEW,
    SUBJECT,
    boundary,
    concurrency,
    denied,
    encrypted,
    look,
    secret,
)

if TYPE_CHECKING:
    from tests.integration.deploy.osls import Project

ASK = """async ({ status, deadlineMs, closed }) => {
  const server = require('node:http').createServer((_request, response) => {
    if (status === undefined) return; // it never answers
    response.writeHead(status, { 'x-amzn-errortype': 'AccessDeniedException' });
    response.end('{}');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = 'http://127.0.0.1:' + server.address().port;
  if (closed) server.close();
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const configure = () => ({ credentials, endpoint, maxAttempts: 2, region: 'eu-central-1' });
  try {
    const ask = require('./infra/serverless/look/ask')(configure, deadlineMs);
    return await ask('secretsmanager:DescribeSecret', { SecretId: 's' });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}"""


def test_an_account_that_cant_reserve_the_relay_is_refused(project: Project) -> None:
    refused = look(
        project.folder,
        [concurrency(10, 10, **NEW), concurrency(50, 50), concurrency(100, 1000, **NEW)],
    )
    passing = look(project.folder, [concurrency(101, 1000, **NEW), concurrency(1000, 1000, **NEW)])

    for outcome in refused:
        assert outcome["kind"] == "Refusal"
        assert "Deploy with reserveRelay=false or ask AWS for more" in outcome["error"]
    assert "of the account's 10 in this region 10 are unreserved" in refused[0]["error"]
    assert all("value" in outcome for outcome in passing)


def test_a_relay_that_has_its_execution_needs_no_other(project: Project) -> None:
    (outcome,) = look(project.folder, [concurrency(100, 1000, ReservedConcurrentExecutions=1)])

    assert [each["action"] for each in outcome["value"]] == ["lambda:GetFunctionConcurrency"]


def test_without_a_reservation_the_account_is_not_asked(project: Project) -> None:
    case = concurrency(10, 10, **NEW)
    functions = [{"name": "relay", "reserved": 0}]

    (outcome,) = look(project.folder, [case | {"subject": SUBJECT | {"functions": functions}}])

    assert outcome == {"value": []}


def test_a_boundary_that_forbids_the_secret_is_refused(project: Project) -> None:
    missing = boundary()
    missing["answers"]["iam:GetPolicy"] = {"error": "NoSuchEntityException"}

    implicit, absent = look(project.folder, [boundary("implicitDeny"), missing])

    assert implicit["kind"] == absent["kind"] == "Refusal"
    assert f"does not allow secretsmanager:GetSecretValue on {ARN}" in implicit["error"]
    assert "there is no such policy. Make it first" in absent["error"]


def test_iam_evaluates_the_boundary_for_the_secret_and_for_its_key(project: Project) -> None:
    allowed, unbounded = look(
        project.folder, [boundary(key=KEY), boundary() | {"subject": SUBJECT}]
    )

    questions = [
        (each["input"]["ActionNames"], each["input"]["ResourceArns"])
        for each in allowed["value"]
        if each["action"] == "iam:SimulateCustomPolicy"
    ]
    assert questions == [(["secretsmanager:GetSecretValue"], [ARN]), (["kms:Decrypt"], [KEY])]
    documents = allowed["value"][-1]["input"]["PermissionsBoundaryPolicyInputList"]
    assert documents == ['{"Version": 1}']
    assert unbounded == {"value": []}


def test_a_missing_secret_is_refused_once(project: Project) -> None:
    cases = [encrypted(KEY), boundary()]
    for case in cases:
        case["answers"]["secretsmanager:DescribeSecret"] = {"error": "ResourceNotFoundException"}

    assert all("value" in outcome for outcome in look(project.folder, cases))


def test_what_the_deployer_may_not_look_at_is_named_and_stops_nothing(project: Project) -> None:
    cases = {
        "secretsmanager:DescribeSecret": secret(),
        "secretsmanager:GetSecretValue": secret(),
        "kms:DescribeKey": encrypted(KEY),
        "lambda:GetFunctionConcurrency": concurrency(10, 10),
        "lambda:GetAccountSettings": concurrency(10, 10, **NEW),
        "iam:GetPolicy": boundary(),
        "iam:SimulateCustomPolicy": boundary(),
    }

    outcomes = look(project.folder, [denied(case, action) for action, case in cases.items()])

    for action, outcome in zip(cases, outcomes, strict=True):
        assert outcome["kind"] == "NotSeen"
        assert f"was not checked: {action} is not allowed" in outcome["error"]


def test_each_call_of_aws_ends_with_a_named_outcome(project: Project) -> None:
    silent = {"deadlineMs": 300}
    refusing = {"deadlineMs": 60_000, "status": 400}
    gone = {"deadlineMs": 60_000, "closed": True}

    late, forbidden, unreachable = call_each(ASK, [silent, refusing, gone], project=project.folder)

    action = "secretsmanager:DescribeSecret"
    assert late == {
        "error": f"{action} was not answered within 0.3 s. Try again.",
        "kind": "Refusal",
    }
    assert forbidden == {"error": action, "kind": "Denied"}
    assert unreachable["kind"] == "Refusal"
    assert f"{action} could not be called: connect ECONNREFUSED" in unreachable["error"]
