"""What a deployment looks at before it changes anything: the secret, the account, the boundary.

test_issuer.py has the issuer of the tokens; test_stack.py has the deployments.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from app.convoy.api_key import SecretError
from app.convoy.secrets_manager import Secret
from tests.integration.deploy.javascript import call_each

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.deploy.osls import Project
    from tests.support import JsonObject

    Look = Callable[[list[JsonObject]], list[JsonObject]]

LOOK = """async ({ look, subject, answers }) => {
  const { Denied } = require('./infra/serverless/look/outcomes');
  const asked = [];
  const ask = async (action, input) => {
    asked.push({ action, input });
    const { error, ...answer } = answers[action];
    if (error === 'denied') throw new Denied(action);
    if (error) throw Object.assign(new Error(error), { name: error });
    return answer;
  };
  await require('./infra/serverless/look/' + look).look(ask, subject);
  return asked;
}"""
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
KEY = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
SUBJECT: JsonObject = {
    "boundary": "",
    "functions": [{"name": "api", "reserved": 0}, {"name": "relay", "reserved": 1}],
    "issuer": "",
    "key": "",
    "secret": "todo/dev/convoy",
    "stack": "todo-dev",
}
VALID = json.dumps({"CONVOY_API_KEY": "CO.key"})
ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:todo/dev/convoy-AbCdEf"
DESCRIBED = {"ARN": ARN, "Name": "todo/dev/convoy"}


@pytest.fixture(scope="module")
def look(project: Project) -> Look:
    return lambda cases: call_each(LOOK, cases, project=project.folder)


def secret(text: str | None = VALID, key: str = "", **described: Any) -> JsonObject:
    answers = {
        "secretsmanager:DescribeSecret": DESCRIBED | described,
        "secretsmanager:GetSecretValue": {"SecretString": text},
    }
    return {"look": "secret", "subject": SUBJECT | {"key": key}, "answers": answers}


def denied(case: JsonObject, action: str) -> JsonObject:
    return case | {"answers": case["answers"] | {action: {"error": "denied"}}}


REFUSED_TEXTS = {
    "": "has no text",
    "CO.s3cret": 'is not of the form {"CONVOY_API_KEY": "…"}',
    '{"CONVOY_API_KEY": "CO.s3cret"': "is not of the form",
    '["CO.s3cret"]': "is not of the form",
    "null": "is not of the form",
    '{"convoy_api_key": "CO.s3cret"}': "is not of the form",
    '{"CONVOY_API_KEY": 53}': "is not of the form",
    '{"CONVOY_API_KEY": "  "}': "has a blank CONVOY_API_KEY",
    '{"CONVOY_API_KEY": "<CO.s3cret>"}': "has a placeholder",
    '{"CONVOY_API_KEY": "your api key"}': "has a placeholder",
    '{"CONVOY_API_KEY": "CO.s3crét"}': "a character beyond ASCII",
    '{"CONVOY_API_KEY": "CO.\\u0000s3cret"}': "a character beyond ASCII",
    '{"CONVOY_API_KEY": "CO. s3cret"}': "has a space",
    '{"CONVOY_API_KEY": "CO.s3\\ncret"}': "has a space",
    '{"CONVOY_API_KEY": "Bearer CO.s3cret"}': 'begins with "Bearer": store the key alone',
}
TAKEN_TEXTS = [VALID, '{"CONVOY_API_KEY": "CO.key\\n"}', '{"CONVOY_API_KEY": "k", "more": 1}']


def test_a_secret_of_another_form_is_refused_and_not_shown(look: Look) -> None:
    outcomes = look([secret(text) for text in REFUSED_TEXTS])

    for outcome, problem in zip(outcomes, REFUSED_TEXTS.values(), strict=True):
        assert outcome["kind"] == "Refusal"
        assert problem in outcome["error"]
        assert "aws secretsmanager put-secret-value --secret-id todo/dev/convoy" in outcome["error"]
        assert not any(part in outcome["error"] for part in ("s3", "53"))


def test_a_secret_that_the_functions_take_passes(look: Look) -> None:
    assert all("value" in outcome for outcome in look([secret(text) for text in TAKEN_TEXTS]))


def test_whatever_secret_the_functions_refuse_the_look_refuses() -> None:
    """The functions may refuse fewer. A text that passes the look starts them."""

    class Client:
        def __init__(self, text: str) -> None:
            self.text = text

        def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803
            return {"SecretString": self.text}

        def close(self) -> None:
            pass

    refused = set()
    for text in [*REFUSED_TEXTS, *TAKEN_TEXTS]:
        try:
            Secret("todo/dev/convoy", lambda text=text: Client(text)).read()  # type: ignore[misc]
        except SecretError:
            refused.add(text)

    assert len(refused) > len(TAKEN_TEXTS)
    assert refused <= set(REFUSED_TEXTS)


def test_a_missing_or_deleted_secret_is_refused_with_the_command(look: Look) -> None:
    absent = {"error": "ResourceNotFoundException"}
    missing, valueless, deleted = secret(), secret(), secret(DeletedDate="2026-11-26T00:00:00Z")
    missing["answers"]["secretsmanager:DescribeSecret"] = absent
    valueless["answers"]["secretsmanager:GetSecretValue"] = absent

    outcomes = look([missing, valueless, deleted])

    assert [outcome["kind"] for outcome in outcomes] == ["Refusal"] * 3
    for outcome in outcomes[:2]:
        assert "aws secretsmanager create-secret --name todo/dev/convoy" in outcome["error"]
    assert "aws secretsmanager restore-secret --secret-id todo" in outcomes[2]["error"]


def test_a_secret_under_a_key_that_the_roles_may_not_use_is_refused(look: Look) -> None:
    other = KEY.replace("1111", "9999")
    without, with_another, alias = look(
        [secret(KmsKeyId=KEY), secret(KmsKeyId=KEY, key=other), secret(KmsKeyId="alias/ours")]
    )
    passing = look(
        [
            secret(KmsKeyId=KEY, key=KEY),
            secret(KmsKeyId=KEY.rpartition("/")[2], key=KEY),
            secret(KmsKeyId="alias/ours", key=KEY),
            secret(KmsKeyId="alias/aws/secretsmanager"),
        ]
    )

    for outcome in (without, with_another, alias):
        assert outcome["kind"] == "Refusal"
        assert "Deploy with that key as --param kmsKeyArn" in outcome["error"]
    assert all("value" in outcome for outcome in passing)


def concurrency(unreserved: int, quota: int, **relay: Any) -> JsonObject:
    limit = {"ConcurrentExecutions": quota, "UnreservedConcurrentExecutions": unreserved}
    answers = {
        "lambda:GetFunctionConcurrency": relay,
        "lambda:GetAccountSettings": {"AccountLimit": limit},
    }
    return {"look": "concurrency", "subject": SUBJECT, "answers": answers}


NEW = {"error": "ResourceNotFoundException"}


def test_an_account_that_cant_reserve_the_relay_is_refused(look: Look) -> None:
    refused = look([concurrency(10, 10, **NEW), concurrency(50, 50), concurrency(100, 1000, **NEW)])
    passing = look([concurrency(101, 1000, **NEW), concurrency(1000, 1000, **NEW)])

    for outcome in refused:
        assert outcome["kind"] == "Refusal"
        assert "Deploy with --param reserveRelay=false, or ask AWS for more" in outcome["error"]
    assert "of the account's 10 in this region 10 are unreserved" in refused[0]["error"]
    assert all("value" in outcome for outcome in passing)


def test_a_relay_that_has_its_execution_needs_no_other(look: Look) -> None:
    (outcome,) = look([concurrency(100, 1000, ReservedConcurrentExecutions=1)])

    assert [each["action"] for each in outcome["value"]] == ["lambda:GetFunctionConcurrency"]


def test_without_a_reservation_the_account_is_not_asked(look: Look) -> None:
    case = concurrency(10, 10, **NEW)
    functions = [{"name": "relay", "reserved": 0}]

    (outcome,) = look([case | {"subject": SUBJECT | {"functions": functions}}])

    assert outcome == {"value": []}


BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"


def boundary(decision: str = "allowed", key: str = "") -> JsonObject:
    answers = {
        "iam:GetPolicy": {"Policy": {"DefaultVersionId": "v3"}},
        "iam:GetPolicyVersion": {"PolicyVersion": {"Document": "%7B%22Version%22%3A%201%7D"}},
        "iam:SimulateCustomPolicy": {"EvaluationResults": [{"EvalDecision": decision}]},
        "secretsmanager:DescribeSecret": DESCRIBED,
    }
    subject = SUBJECT | {"boundary": BOUNDARY, "key": key}
    return {"look": "boundary", "subject": subject, "answers": answers}


def test_a_boundary_that_forbids_the_secret_is_refused(look: Look) -> None:
    missing = boundary()
    missing["answers"]["iam:GetPolicy"] = {"error": "NoSuchEntityException"}

    implicit, absent = look([boundary("implicitDeny"), missing])

    assert implicit["kind"] == absent["kind"] == "Refusal"
    assert f"does not allow secretsmanager:GetSecretValue on {ARN}" in implicit["error"]
    assert "there is no such policy. Make it first" in absent["error"]


def test_iam_evaluates_the_boundary_for_the_secret_and_for_its_key(look: Look) -> None:
    allowed, unbounded = look([boundary(key=KEY), boundary() | {"subject": SUBJECT}])

    questions = [
        (each["input"]["ActionNames"], each["input"]["ResourceArns"])
        for each in allowed["value"]
        if each["action"] == "iam:SimulateCustomPolicy"
    ]
    assert questions == [(["secretsmanager:GetSecretValue"], [ARN]), (["kms:Decrypt"], [KEY])]
    documents = allowed["value"][-1]["input"]["PermissionsBoundaryPolicyInputList"]
    assert documents == ['{"Version": 1}']
    assert unbounded == {"value": []}


def test_what_the_deployer_may_not_look_at_is_named_and_stops_nothing(look: Look) -> None:
    cases = {
        "secretsmanager:DescribeSecret": secret(),
        "secretsmanager:GetSecretValue": secret(),
        "lambda:GetFunctionConcurrency": concurrency(10, 10),
        "lambda:GetAccountSettings": concurrency(10, 10, **NEW),
        "iam:GetPolicy": boundary(),
        "iam:SimulateCustomPolicy": boundary(),
    }

    outcomes = look([denied(case, action) for action, case in cases.items()])

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


def test_a_secrets_arn_is_refused_in_place_of_its_name(project: Project) -> None:
    done = project.run("package", convoySecret=ARN)

    assert done.returncode != 0
    assert "is not the name of a secret. Give the name, not the ARN" in done.stdout + done.stderr
