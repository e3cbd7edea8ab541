"""Callers: an ARN is parsed as a whole; an owner's name can be stored, and its events delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.http.callers import MAX_OWNER_BYTES, Caller, NoCaller, caller_of

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT = "123456789012"
ROLE = f"arn:aws:sts::{ACCOUNT}:assumed-role/Caller"


def _v2(arn: str) -> dict[str, Any]:
    return {"version": "2.0", "requestContext": {"authorizer": {"iam": {"userArn": arn}}}}


def _v1(arn: str) -> dict[str, Any]:
    return {"requestContext": {"identity": {"userArn": arn}}}


EVENTS = pytest.mark.parametrize("event_of", [_v1, _v2])

by_iam = caller_of("iam", "sub", "")


@EVENTS
@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:iam::{ACCOUNT}:user/ann",
        f"arn:aws-us-gov:iam::{ACCOUNT}:user/staff/berlin/ann@example.com",
        f"arn:aws-cn:iam::{ACCOUNT}:root",
        f"arn:aws:iam::{ACCOUNT}:user/a:assumed-role/Caller/ann",
        f"arn:aws:iam::{ACCOUNT}:user/x:assumed-role/Caller/bob",
        f"arn:aws:iam::{ACCOUNT}:user/:federated-user/ann",
        f"arn:aws:iam::{ACCOUNT}:user/arn:aws:sts::{ACCOUNT}:assumed-role/Caller/ann",
    ],
)
def test_a_user_is_an_owner_whatever_is_in_the_users_path(
    event_of: Callable[[str], Any], arn: str
) -> None:
    assert by_iam(event_of(arn)) == Caller(owner=arn, actor=arn)


@EVENTS
@pytest.mark.parametrize("session", ["i-0abc", "ann@example.com", "assumed-role", "a=b,c.d+e"])
def test_a_role_is_the_owner_and_its_session_the_actor(
    event_of: Callable[[str], Any], session: str
) -> None:
    arn = f"{ROLE}/{session}"

    assert by_iam(event_of(arn)) == Caller(owner=ROLE, actor=arn)


@EVENTS
@pytest.mark.parametrize(
    "arn",
    [
        "",
        "ann",
        ROLE,
        f"{ROLE}/",
        f"{ROLE}/a/b",
        f"{ROLE}/a:b",
        f"{ROLE}/a\n",
        f" {ROLE}/a",
        f"x{ROLE}/a",
        f"arn:aws:iam::{ACCOUNT}:assumed-role/Caller/a",
        f"arn:aws:sts::{ACCOUNT}:user/ann",
        f"arn:aws:sts::{ACCOUNT}:federated-user/ann",
        f"arn:aws:sts::{ACCOUNT}:federated-user/a:assumed-role/Caller/ann",
        f"arn:aws:iam::{ACCOUNT}:role/Caller",
        f"arn:aws:iam::{ACCOUNT}:group/Callers",
        f"arn:aws:iam::{ACCOUNT}:user/",
        f"arn:aws:iam::{ACCOUNT}:user/ann\n",
        f"arn:aws:iam::{ACCOUNT}:user/\N{LATIN SMALL LETTER A WITH DIAERESIS}nn",
        f"arn:aws:iam::{ACCOUNT}:root/ann",
        "arn:aws:iam::1234:user/ann",
        "arn:aws:iam:::user/ann",
        f"arn:aws:iam:eu-central-1:{ACCOUNT}:user/ann",
        f"arn:mine:iam::{ACCOUNT}:user/ann",
    ],
)
def test_an_arn_of_another_form_is_no_caller(event_of: Callable[[str], Any], arn: str) -> None:
    with pytest.raises(NoCaller, match="no IAM user, role or Cognito identity"):
        by_iam(event_of(arn))


@pytest.mark.parametrize("identity", ["", "ann", "eu-central-1:", ":3f", "eu-central-1:3f x", 7])
def test_a_cognito_identity_of_another_form_is_not_its_role(identity: object) -> None:
    arn = f"{ROLE}/CognitoIdentityCredentials"
    v1 = {"requestContext": {"identity": {"userArn": arn, "cognitoIdentityId": identity}}}
    iam = {"userArn": arn, "cognitoIdentity": {"identityId": identity}}
    v2 = {"version": "2.0", "requestContext": {"authorizer": {"iam": iam}}}

    for event in (v1, v2):
        with pytest.raises(NoCaller):
            by_iam(event)


@pytest.mark.parametrize(
    ("fields", "actor"),
    [
        ({"sub": "ann"}, "ann"),
        ({"sub": "ann", "principalId": "bob"}, "ann"),
        ({"principalId": "bob"}, "bob"),
        ({"sub": "", "principalId": "bob"}, "bob"),
        ({"sub": 7}, None),
        ({}, None),
    ],
)
def test_a_lambda_authorizers_actor_is_its_sub_or_its_principal(
    fields: dict[str, object], actor: str | None
) -> None:
    passed = {"requestContext": {"authorizer": {"tenant": "t1", **fields}}}

    assert caller_of("lambda", "tenant", "")(passed) == Caller("t1", actor)


@pytest.mark.parametrize(("subject", "actor"), [("ann", "ann"), ("", None), (None, None)])
def test_a_jwts_actor_is_its_subject(subject: str | None, actor: str | None) -> None:
    claims = {"org_id": "org-1", "sub": subject}
    event = {"requestContext": {"authorizer": {"jwt": {"claims": claims}}}, "version": "2.0"}

    assert caller_of("jwt", "org_id", "")(event) == Caller("org-1", actor)


@pytest.mark.parametrize("version", ["2.0", "1.0"])
@pytest.mark.parametrize(
    "claim", ["[a b]", "[b a]", "[a]", "[]", "[a\nb]", "map[id:a]", "[map[id:a]]"]
)
def test_a_list_that_an_http_api_wrote_as_text_is_no_owner(version: str, claim: str) -> None:
    claims = {"cognito:groups": claim, "sub": "ann"}
    fields = {"jwt": {"claims": claims}} if version == "2.0" else {"claims": claims}
    event = {"version": version, "requestContext": {"authorizer": fields}}

    with pytest.raises(NoCaller, match=r"'cognito:groups' names the owner, and it is a list"):
        caller_of("jwt", "cognito:groups", "")(event)


@pytest.mark.parametrize("claim", ["a[b]", "[a]b", "map", "(a b)", "a b"])
def test_a_text_with_brackets_can_be_an_owner(claim: str) -> None:
    assert _owner("jwt", claim) == claim


OF_FIELDS: dict[str, Callable[[str], Any]] = {
    "jwt": lambda name: {"jwt": {"claims": {"org": name}}},
    "lambda": lambda name: {"lambda": {"org": name}},
}


def _owner(kind: Any, name: str) -> str:
    event = {"version": "2.0", "requestContext": {"authorizer": OF_FIELDS[kind](name)}}
    return caller_of(kind, "org", "")(event).owner


@pytest.mark.parametrize("kind", OF_FIELDS)
@pytest.mark.parametrize("name", ["null", "<nil>", "true", "false"])
def test_a_value_without_text_that_a_gateway_wrote_as_text_is_no_owner(
    kind: str, name: str
) -> None:
    """Everybody without an organisation would be one owner."""
    with pytest.raises(NoCaller, match=f"'org' names the owner, and it is {name}, which is no"):
        _owner(kind, name)


@pytest.mark.parametrize("kind", OF_FIELDS)
@pytest.mark.parametrize(
    "name",
    [
        "a\0b",
        "\ud800",
        "a\udfff",
        "x" * (MAX_OWNER_BYTES + 1),
        "\u20ac" * (MAX_OWNER_BYTES // 3 + 1),
    ],
)
def test_a_name_that_no_key_or_event_can_have_is_no_owner(kind: str, name: str) -> None:
    with pytest.raises(NoCaller, match="'org' names the owner, and it has over 1024 bytes"):
        _owner(kind, name)


@pytest.mark.parametrize("kind", OF_FIELDS)
@pytest.mark.parametrize("name", ["x" * MAX_OWNER_BYTES, "\U0001f600\x01\u2028", " a/b "])
def test_any_other_text_is_an_owner(kind: str, name: str) -> None:
    assert _owner(kind, name) == name
