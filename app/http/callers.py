"""The caller of a request, from the fields of a Lambda event that only the gateway writes.

A deployment takes one kind of identity (`SIGN_IN`). It takes each from one place, which depends on
the event's format: 2.0 (HTTP API), or 1.0 (HTTP API; a REST API's events have no version).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, NamedTuple

SignIn = Literal["jwt", "iam", "lambda", "anonymous"]

Event = Mapping[str, Any]

MAX_OWNER_BYTES = 1024
"""DynamoDB takes a key of 2048 bytes, which has the type of the resource too."""


class Caller(NamedTuple):
    """`owner` has the resources. `actor` acts for the owner; None if nobody knows who that is."""

    owner: str
    actor: str | None


class NoCaller(Exception):
    """The request has no caller of the deployment's kind. The message is for the client."""

    def __init__(self, problem: str, challenge: str = "Bearer") -> None:
        super().__init__(f"Authentication required: {problem}")
        self.challenge = challenge


CallerOf = Callable[[Event], Caller]
"""Returns the caller of a Lambda event. Raises NoCaller."""


def caller_of(sign_in: SignIn, owner_claim: str, app_id: str) -> CallerOf:
    """`owner_claim`: the claim of a JWT, or the field of a Lambda authorizer, that names the owner.

    `app_id`: the owner of all anonymous requests.
    """
    anonymous = Caller(app_id, None)
    kinds: dict[SignIn, CallerOf] = {
        "jwt": partial(_by_jwt, owner_claim),
        "iam": _by_iam,
        "lambda": partial(_by_lambda_authorizer, owner_claim),
        "anonymous": lambda _: anonymous,
    }
    return kinds[sign_in]


_LIST_OR_MAP = re.compile(r"(map)?\[.*\]", re.DOTALL)
"""An HTTP API makes the text `[a b]` of a claim `["a", "b"]`: another owner in another order."""

_NO_NAMES = {"null", "<nil>", "true", "false"}
"""A gateway writes a claim that is no text as text. These would be one owner for every user whose
token has no name there."""


def _by_jwt(owner_claim: str, event: Event) -> Caller:
    """By the claims of an HTTP API's JWT authorizer, or of a REST API's Cognito user pool."""
    match event.get("version"), event["requestContext"].get("authorizer"):
        case "2.0", {"jwt": {"claims": dict(claims)}}:
            pass
        # A Lambda authorizer that returns a policy also returns a `principalId`.
        case "1.0" | None, {"claims": dict(claims), **others} if "principalId" not in others:
            pass
        case _:
            raise NoCaller("the gateway passed no claims of a JWT. Send a token that it accepts.")
    owner = _owner("token's claim", owner_claim, claims)
    if _LIST_OR_MAP.fullmatch(owner):
        raise NoCaller(
            f"the token's claim {owner_claim!r} names the owner, and it is a list or an object."
            " Use a sign-in that sets one text."
        )
    return Caller(owner, _text(claims.get("sub")))


def _by_lambda_authorizer(owner_claim: str, event: Event) -> Caller:
    """By the context that a Lambda authorizer returns: its own code decides what is in it."""
    match event.get("version"), event["requestContext"].get("authorizer"):
        case "2.0", {"lambda": dict(fields)}:
            pass
        case "1.0" | None, dict(fields):
            pass
        case _:
            raise NoCaller("the gateway passed no context of a Lambda authorizer.")
    actor = _text(fields.get("sub")) or _text(fields.get("principalId"))
    return Caller(_owner("authorizer's field", owner_claim, fields), actor)


def _owner(kind: str, name: str, fields: Mapping[str, object]) -> str:
    owner = _text(fields.get(name))
    if owner is None:
        raise NoCaller(
            f"the {kind} {name!r} names the owner, and it is missing, empty or not text."
            " Use a sign-in that sets it."
        )
    if owner in _NO_NAMES:
        raise NoCaller(
            f"the {kind} {name!r} names the owner, and it is {owner}, which is no name. Use a"
            " sign-in that sets one text."
        )
    if not can_own(owner):
        raise NoCaller(
            f"the {kind} {name!r} names the owner, and it has over {MAX_OWNER_BYTES} bytes, a null"
            " character, or half of a surrogate pair. Use a sign-in that sets another value."
        )
    return owner


def can_own(name: str) -> bool:
    """Whether DynamoDB can store the name, and Convoy can deliver the owner's events."""
    try:
        return len(name.encode()) <= MAX_OWNER_BYTES and "\0" not in name
    except UnicodeEncodeError:
        return False


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


_ARN = "arn:aws[a-z-]*"
_NAME = r"[\w+=,.@-]+"
_USER = re.compile(rf"{_ARN}:iam::[0-9]{{12}}:(?:root|user/(?:[!-~]+/)?{_NAME})", re.ASCII)
_SESSION = re.compile(rf"({_ARN}:sts::[0-9]{{12}}:assumed-role/{_NAME})/{_NAME}", re.ASCII)
_COGNITO_ID = re.compile(r"[\w-]+:[0-9a-f-]+", re.ASCII)
"""IAM's and Cognito's own patterns. A user's path may have `:` and the names of other kinds."""


def _by_iam(event: Event) -> Caller:
    """By a Cognito identity, a user or a role. Sessions of a role are one owner.

    The caller chooses the name of a session, and that of a federated user, who is no caller.
    """
    identity, arn = _iam_fields(event)
    if identity is not None:
        if isinstance(identity, str) and _COGNITO_ID.fullmatch(identity):
            return Caller(identity, identity)
    elif isinstance(arn, str):
        if _USER.fullmatch(arn):
            return Caller(arn, arn)
        if session := _SESSION.fullmatch(arn):
            return Caller(session[1], arn)
    raise NoCaller(
        "the gateway passed no IAM user, role or Cognito identity. Sign the request (SigV4).",
        challenge="AWS4-HMAC-SHA256",
    )


def _iam_fields(event: Event) -> tuple[object, object]:
    """The id of the Cognito identity, and the ARN. All Cognito identities have their role's ARN."""
    match event.get("version"), event["requestContext"]:
        case "2.0", {"authorizer": {"iam": dict(iam)}}:
            cognito = iam.get("cognitoIdentity")
            identity = cognito.get("identityId") if isinstance(cognito, dict) else cognito
            return identity, iam.get("userArn")
        case "1.0" | None, {"identity": dict(passed)}:
            return passed.get("cognitoIdentityId"), passed.get("userArn")
        case _:
            return None, None
