"""Cases for the looks of a deployment: what AWS answers, by action."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.integration.deploy.javascript import call_each

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import JsonObject

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


def look(project: Path, cases: list[JsonObject]) -> list[JsonObject]:
    """Each look's questions as its `value`, or its finding as its `error` (outcomes.js)."""
    return call_each(LOOK, cases, project=project)


def secret(text: str | None = VALID, **described: Any) -> JsonObject:
    answers = {
        "secretsmanager:DescribeSecret": DESCRIBED | described,
        "secretsmanager:GetSecretValue": {"SecretString": text},
    }
    return {"look": "secret", "subject": SUBJECT, "answers": answers}


def denied(case: JsonObject, action: str) -> JsonObject:
    return case | {"answers": case["answers"] | {action: {"error": "denied"}}}


def encrypted(key: str, *, manager: str = "CUSTOMER", given: str = "") -> JsonObject:
    answers = {
        "secretsmanager:DescribeSecret": DESCRIBED | ({"KmsKeyId": key} if key else {}),
        "kms:DescribeKey": {"KeyMetadata": {"Arn": KEY, "KeyManager": manager}},
    }
    return {"look": "key", "subject": SUBJECT | {"key": given}, "answers": answers}


NEW = {"error": "ResourceNotFoundException"}


def concurrency(unreserved: int, quota: int, **relay: Any) -> JsonObject:
    limit = {"ConcurrentExecutions": quota, "UnreservedConcurrentExecutions": unreserved}
    answers = {
        "lambda:GetFunctionConcurrency": relay,
        "lambda:GetAccountSettings": {"AccountLimit": limit},
    }
    return {"look": "concurrency", "subject": SUBJECT, "answers": answers}


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
