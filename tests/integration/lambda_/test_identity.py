"""The owner is the caller that the gateway's authorizer recognised, and nobody else.

A deployment takes one kind of identity, `SIGN_IN`; each other kind names no owner there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.integration.lambda_.gateways import EVENTS, request
from tests.integration.lambda_.identities import (
    CLAIMS,
    IDENTITIES,
    ROLE,
    SESSION,
    USER,
    iam,
    iam_v1,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.lambda_.gateways import Invoke
    from tests.stand_in import Convoy
    from tests.support import JsonObject

    Deploy = Callable[..., Invoke]


SIGN_INS = ["jwt", "iam", "lambda"]


@pytest.fixture
def deploy(environment: pytest.MonkeyPatch, cold_start: Callable[[], Invoke]) -> Deploy:
    """Starts the function of a deployment with this sign-in."""

    def start(sign_in: str, owner_claim: str = "sub") -> Invoke:
        environment.setenv("SIGN_IN", sign_in)
        environment.setenv("OWNER_CLAIM", owner_claim)
        return cold_start()

    return start


def create(kind: str, context: JsonObject) -> JsonObject:
    event = request(kind, "POST", "/todo", '{"item": "x"}')
    event["requestContext"] |= context
    return event


@pytest.mark.parametrize("sign_in", SIGN_INS)
def test_the_owner_is_the_caller_that_the_authorizer_recognised(
    deploy: Deploy, convoy: Convoy, sign_in: str
) -> None:
    call = deploy(sign_in)
    own = [each for each in IDENTITIES if each[0] == sign_in]

    assert [call(create(kind, context))["statusCode"] for _, kind, context, _ in own] == (
        [201] * len(own)
    )
    assert [event["owner_id"] for event in convoy.events()] == [owner for *_, owner in own]


@pytest.mark.parametrize("sign_in", SIGN_INS)
def test_an_identity_of_another_kind_gets_401(deploy: Deploy, convoy: Convoy, sign_in: str) -> None:
    call = deploy(sign_in)
    others = [each for each in IDENTITIES if each[0] != sign_in]

    answers = [call(create(kind, context)) for _, kind, context, _ in others]

    assert [answer["statusCode"] for answer in answers] == [401] * len(others)
    assert convoy.events() == []


def test_without_the_setting_only_a_jwt_is_a_caller(
    cold_start: Callable[[], Invoke], convoy: Convoy
) -> None:
    call = cold_start()

    statuses = {
        (sign_in, call(create(kind, context))["statusCode"])
        for sign_in, kind, context, _ in IDENTITIES
    }

    assert statuses == {("jwt", 201), ("iam", 401), ("lambda", 401)}


def test_an_anonymous_deployment_takes_no_identity_for_an_owner(
    deploy: Deploy, convoy: Convoy
) -> None:
    call = deploy("anonymous")

    for _, kind, context, _ in IDENTITIES:
        assert call(create(kind, context))["statusCode"] == 201

    assert {event["owner_id"] for event in convoy.events()} == {"everyone"}


@pytest.mark.parametrize("sign_in", ["jwt", "lambda"])
def test_a_claim_makes_an_organisation_the_owner(
    deploy: Deploy, convoy: Convoy, sign_in: str
) -> None:
    call = deploy(sign_in, "org_id")
    own = [each for each in IDENTITIES if each[0] == sign_in]

    for _, kind, context, _ in own:
        assert call(create(kind, context))["statusCode"] == 201

    assert {event["owner_id"] for event in convoy.events()} == {"org-1"}


@pytest.mark.parametrize("sign_in", ["jwt", "lambda"])
@pytest.mark.parametrize("value", [None, "", " ", 7, True, ["org-1"], {"id": "org-1"}])
def test_a_claim_without_text_is_a_401_that_names_the_claim(
    deploy: Deploy, convoy: Convoy, sign_in: str, value: object
) -> None:
    call = deploy(sign_in, "org_id")
    claims: JsonObject = {**CLAIMS, "org_id": value}
    if value is None:
        del claims["org_id"]
    fields = {"jwt": {"claims": claims}} if sign_in == "jwt" else {"lambda": claims}

    answer = call(create("http_api_v2", {"authorizer": fields}))

    assert answer["statusCode"] == 401
    assert "'org_id' names the owner, and it is missing" in json.loads(answer["body"])["detail"]
    assert convoy.events() == []


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
CHALLENGES = {"jwt": "Bearer", "iam": "AWS4-HMAC-SHA256", "lambda": "Bearer"}

NO_CALLERS: list[JsonObject | None] = [
    None,
    {},
    {"jwt": None},
    {"jwt": {"claims": {}}},
    {"jwt": {"claims": "ann"}},
    {"jwt": "ann"},
    {"claims": {"sub": 7}},
    {"claims": "ann"},
    {"claims": CLAIMS, "principalId": "ann"},
    {"iam": {"userArn": ""}},
    {"iam": {"userArn": "arn:aws:sts::123456789012:federated-user/ann"}},
    {"iam": {"userArn": SESSION, "cognitoIdentity": "ann"}},
    {"iam": "ann"},
    {"lambda": None},
    {"lambda": {"claims": CLAIMS}},
    {"principalId": "ann", "sub": ""},
]


@pytest.mark.parametrize("kind", EVENTS)
@pytest.mark.parametrize("sign_in", SIGN_INS)
def test_a_request_without_a_recognised_caller_gets_401(
    deploy: Deploy, convoy: Convoy, kind: str, sign_in: str
) -> None:
    call = deploy(sign_in)
    for authorizer in NO_CALLERS:
        for method, path, body in CALLS:
            event = request(kind, method, path, body)
            if "headers" in event:
                event["headers"] |= {"authorization": "Bearer forged", "x-owner": "ann"}
            event["requestContext"]["authorizer"] = authorizer

            answer = call(event)

            assert (answer["statusCode"], json.loads(answer["body"])["status"]) == (401, 401)
            assert answer["headers"]["www-authenticate"] == CHALLENGES[sign_in]
    assert convoy.events() == []


def test_one_owners_todo_is_missing_for_another(deploy: Deploy) -> None:
    call = deploy("iam")
    anns = request("http_api_v2", "POST", "/todo", '{"id": 1, "item": "x"}')
    anns["requestContext"] |= iam(USER)
    assert call(anns)["statusCode"] == 201

    for method, body in (("GET", None), ("PUT", '{"item": "mine"}'), ("DELETE", None)):
        event = request("http_api_v2", method, "/todo/1", body)
        event["requestContext"] |= iam(SESSION)
        assert call(event)["statusCode"] == 404


def test_two_sessions_of_a_role_have_the_same_todos(deploy: Deploy) -> None:
    call = deploy("iam")
    first = request("http_api_v2", "POST", "/todo", '{"id": 1, "item": "x"}')
    first["requestContext"] |= iam(SESSION)
    second = request("rest_api", "GET", "/todo/1")
    second["requestContext"] |= iam_v1(f"{ROLE}/session-2")

    assert (call(first)["statusCode"], call(second)["statusCode"]) == (201, 200)
