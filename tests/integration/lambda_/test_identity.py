"""The owner is the caller that the gateway's authorizer recognised, and nobody else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.integration.lambda_.gateways import EVENTS, request

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.lambda_.gateways import Invoke
    from tests.stand_in import Convoy
    from tests.support import JsonObject

JWT = {"jwt": {"claims": {"sub": "ann", "iss": "https://issuer.example"}, "scopes": None}}
IAM = {"iam": {"userArn": "arn:aws:iam::123456789012:user/ann", "accountId": "123456789012"}}
SESSION = "arn:aws:sts::123456789012:assumed-role/Caller/session-1"
ROLE = "arn:aws:sts::123456789012:assumed-role/Caller"
FEDERATED = {"iam": {"userArn": "arn:aws:sts::123456789012:federated-user/ann"}}
"""The caller chooses this name."""
COGNITO = {"iam": {"userArn": SESSION, "cognitoIdentity": {"identityId": "eu-central-1:ann"}}}


@pytest.mark.parametrize(
    ("kind", "context", "owner"),
    [
        ("http_api_v2", {"authorizer": JWT}, "ann"),
        ("http_api_v2", {"authorizer": IAM}, "arn:aws:iam::123456789012:user/ann"),
        ("http_api_v2", {"authorizer": {"iam": {"userArn": SESSION}}}, ROLE),
        ("http_api_v2", {"authorizer": COGNITO}, "eu-central-1:ann"),
        ("http_api_v1", {"authorizer": {"claims": {"sub": "ann"}}}, "ann"),
        ("rest_api", {"authorizer": {"claims": {"sub": "ann"}}}, "ann"),
        ("rest_api", {"identity": {"userArn": SESSION, "cognitoIdentityId": None}}, ROLE),
        ("rest_api", {"identity": {"userArn": SESSION, "cognitoIdentityId": "c:1"}}, "c:1"),
    ],
)
def test_the_owner_is_the_caller_that_the_authorizer_recognised(
    cold_start: Callable[[], Invoke], convoy: Convoy, kind: str, context: JsonObject, owner: str
) -> None:
    event = request(kind, "POST", "/todo", '{"id": 1, "item": "x"}')
    event["requestContext"] |= context

    assert cold_start()(event)["statusCode"] == 201
    assert convoy.events()[0]["owner_id"] == owner


CALLS = [
    ("GET", "/", None),
    ("POST", "/todo", '{"id": 1, "item": "x"}'),
    ("POST", "/todo", "{"),
    ("POST", "/todo", '"' + "x" * 140_000 + '"'),
    ("PATCH", "/todo", None),
    ("GET", "/nothing", None),
    ("GET", "/docs", None),
    ("GET", "/openapi.json", None),
]


@pytest.mark.parametrize("kind", EVENTS)
@pytest.mark.parametrize(
    "authorizer",
    [None, {}, {"jwt": None}, {"jwt": {"claims": {}}}, {"iam": {"userArn": ""}}, FEDERATED,
     {"claims": {"sub": 7}}, {"claims": "ann"}, {"jwt": "ann"}, {"iam": "ann"},
     {"principalId": "ann", "sub": "ann"}, {"lambda": {"claims": {"sub": "ann"}}}],
)  # fmt: skip
def test_a_request_without_a_recognised_caller_gets_401(
    cold_start: Callable[[], Invoke], convoy: Convoy, kind: str, authorizer: JsonObject | None
) -> None:
    call = cold_start()
    for method, path, body in CALLS:
        event = request(kind, method, path, body)
        event["headers"] |= {"authorization": "Bearer forged", "x-owner": "ann"}
        event["requestContext"]["authorizer"] = authorizer

        answer = call(event)

        assert (answer["statusCode"], json.loads(answer["body"])["status"]) == (401, 401)
        assert answer["headers"]["www-authenticate"] == "Bearer"
    assert convoy.events() == []


def test_one_owners_todo_is_missing_for_another(cold_start: Callable[[], Invoke]) -> None:
    call = cold_start()
    create = request("http_api_v2", "POST", "/todo", '{"id": 1, "item": "x"}')
    create["requestContext"]["authorizer"] = JWT
    assert call(create)["statusCode"] == 201

    for method, body in (("GET", None), ("PUT", '{"item": "mine"}'), ("DELETE", None)):
        event = request("http_api_v2", method, "/todo/1", body)
        event["requestContext"]["authorizer"] = IAM
        assert call(event)["statusCode"] == 404
