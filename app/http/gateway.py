"""The gateway's part of a Lambda event: the caller, and the prefix of the path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

from app.http.problems import problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fastapi import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

Result = TypeVar("Result")


class Gateway:
    """Rejects requests without an authenticated caller, and routes without the path's prefix.

    `anonymous` is the owner of a request without a caller. If it is None, such a request gets 401.
    """

    def __init__(self, app: ASGIApp, anonymous: str | None) -> None:
        self._app = app
        self._anonymous = anonymous

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context: Mapping[str, Any] = scope["aws.event"]["requestContext"]
        owner = _caller(context) or self._anonymous
        if owner is None:
            refusal = problem(
                401,
                "Authentication required: no JWT subject, Cognito identity or IAM ARN was passed.",
                headers={"WWW-Authenticate": "Bearer"},
            )
            return await refusal(scope, receive, send)
        prefix, path = _split(scope["aws.event"], scope["path"])
        scope = {**scope, "owner": owner, "root_path": prefix, "path": prefix + path}
        await self._app(scope, receive, send)
        return None


_ADDRESS = {"host", "x-forwarded-port"}


def without_address(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event without its `Host` and `X-Forwarded-Port`, which this API does not use.

    Mangum 0.22 fails on a port that is not a number, and a client may send one.
    """
    kept = {
        part: {name: value for name, value in event[part].items() if name.lower() not in _ADDRESS}
        for part in ("headers", "multiValueHeaders")
        if event.get(part)
    }
    return {**event, **kept}


async def inline(call: Callable[..., Result], *args: object, **kwargs: object) -> Result:
    """Call without a thread: a Lambda environment has one request at a time, so it may block."""
    return call(*args, **kwargs)


def owner_of(request: Request) -> str:
    owner: str = request.scope["owner"]
    return owner


def _caller(context: Mapping[str, Any]) -> str | None:
    """A JWT's `sub`, a Cognito identity's id, or an IAM ARN; each in payload 2.0 or 1.0.

    Other fields of a Lambda authorizer have no defined form, so they name no caller.
    """
    match context:
        case {
            "authorizer": {"jwt": {"claims": {"sub": str(subject)}}}
            | {"claims": {"sub": str(subject)}}
        }:
            return subject
        case {"authorizer": {"iam": {"cognitoIdentity": {"identityId": str(identity)}}}} | {
            "identity": {"cognitoIdentityId": str(identity)}
        }:
            return identity
        case {"authorizer": {"iam": {"userArn": str(arn)}}} | {"identity": {"userArn": str(arn)}}:
            return _principal(arn)
        case _:
            return None


def _principal(arn: str) -> str | None:
    """A user's ARN, or a role's ARN without the session's name, which the caller chooses.

    A federated user has only a name that the caller chooses, and so is no caller.
    """
    if ":federated-user/" in arn:
        return None
    return arn.rpartition("/")[0] if ":assumed-role/" in arn else arn


def _split(event: Mapping[str, Any], path: str) -> tuple[str, str]:
    """The prefix that the gateway puts before this API's paths, and this API's path.

    A REST API matches this API's path as `{proxy+}`. The whole path, in its context, may begin with
    a custom domain's base path, with the stage, or with both. An HTTP API leaves a named stage in
    the path. `$default` and a load balancer have no prefix.
    """
    context = event["requestContext"]
    if event.get("resource") in {"/", "/{proxy+}"}:
        matched = (event.get("pathParameters") or {}).get("proxy")
        ours = f"/{matched}" if matched else ""
        whole = context["path"].rstrip("/")
        if whole.endswith(ours):
            prefix = whole.removesuffix(ours)
            return prefix, unquote(context["path"].removeprefix(prefix)) or "/"
    stage = context.get("stage", "$default")
    prefix = "" if stage == "$default" else f"/{stage}"
    if path == prefix or path.startswith(f"{prefix}/"):
        return prefix, path.removeprefix(prefix) or "/"
    return "", path
