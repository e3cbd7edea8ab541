"""Callers as authorizers name them, in each form of a gateway's event."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support import JsonObject

CLAIMS = {"sub": "ann", "iss": "https://issuer.example", "org_id": "org-1", "exp": "1795521900"}
USER = "arn:aws:iam::123456789012:user/ann"
SESSION = "arn:aws:sts::123456789012:assumed-role/Caller/session-1"
ROLE = "arn:aws:sts::123456789012:assumed-role/Caller"
COGNITO_ID = "eu-central-1:3f291106-8703-466b-8f2b-3ecee1ca56ce"
COGNITO = {"amr": ["authenticated"], "identityId": COGNITO_ID, "identityPoolId": "eu-central-1:4e"}


def iam(arn: str, cognito: JsonObject | None = None) -> JsonObject:
    """The fields of an HTTP API's IAM authorizer, format 2.0."""
    return {
        "authorizer": {
            "iam": {
                "accessKey": "ASIAEXAMPLE",
                "accountId": "123456789012",
                "callerId": "AIDAEXAMPLE",
                "cognitoIdentity": cognito,
                "principalOrgId": "o-example",
                "userArn": arn,
                "userId": "AIDAEXAMPLE",
            }
        }
    }


def iam_v1(arn: str, cognito: str | None = None) -> JsonObject:
    """The same in format 1.0, and of a REST API."""
    identity = {"accountId": "123456789012", "caller": "AIDAEXAMPLE", "user": "AIDAEXAMPLE"}
    return {
        "identity": {
            **identity,
            "accessKey": "ASIAEXAMPLE",
            "cognitoIdentityId": cognito,
            "cognitoIdentityPoolId": cognito and "eu-central-1:4e",
            "sourceIp": "203.0.113.7",
            "userArn": arn,
        }
    }


# SIGN_IN, the event's kind, the authorizer's part of its context, the owner
IDENTITIES: list[tuple[str, str, JsonObject, str]] = [
    ("jwt", "http_api_v2", {"authorizer": {"jwt": {"claims": CLAIMS, "scopes": None}}}, "ann"),
    ("jwt", "http_api_v1", {"authorizer": {"claims": CLAIMS, "scopes": None}}, "ann"),
    ("jwt", "rest_api", {"authorizer": {"claims": CLAIMS}}, "ann"),
    ("iam", "http_api_v2", iam(USER), USER),
    ("iam", "http_api_v2", iam(SESSION), ROLE),
    ("iam", "http_api_v2", iam(SESSION, COGNITO), COGNITO_ID),
    ("iam", "http_api_v1", iam_v1(USER), USER),
    ("iam", "rest_api", iam_v1(SESSION), ROLE),
    ("iam", "rest_api", iam_v1(SESSION, COGNITO_ID), COGNITO_ID),
    ("lambda", "http_api_v2", {"authorizer": {"lambda": CLAIMS}}, "ann"),
    ("lambda", "http_api_v1", {"authorizer": {"principalId": "bob", **CLAIMS}}, "ann"),
    (
        "lambda",
        "rest_api",
        {"authorizer": {"principalId": "bob", "integrationLatency": 7, **CLAIMS}},
        "ann",
    ),
]
