"""What a Lambda event tells beside the request: what comes before our paths, and who calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from app.http.problems import problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request
    from starlette.types import ASGIApp, Receive, Scope, Send


class Gateway:
    """Serves those alone whom the gateway's authorizer vouched for, and routes without its prefix.

    `anonymous` is the owner of every request that it vouched for nobody of; None: those get 401,
    whatever they ask for.
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
                "Sign in first: the gateway tells of no caller that this API knows.",
                headers={"WWW-Authenticate": "Bearer"},
            )
            return await refusal(scope, receive, send)
        prefix, path = _split(scope["aws.event"], scope["path"])
        scope = {**scope, "owner": owner, "root_path": prefix, "path": prefix + path}
        await self._app(scope, receive, send)
        return None


_ADDRESS = {"host", "x-forwarded-port"}


def without_address(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event without the headers that tell where it was sent, which nothing here asks for.

    Mangum 0.22 fails on a port that is no number, and a client may send one.
    """
    kept = {
        part: {name: value for name, value in event[part].items() if name.lower() not in _ADDRESS}
        for part in ("headers", "multiValueHeaders")
        if event.get(part)
    }
    return {**event, **kept}


def owner_of(request: Request) -> str:
    owner: str = request.scope["owner"]
    return owner


def _caller(context: Mapping[str, Any]) -> str | None:
    """A JWT's `sub`, a Cognito identity's id, or an IAM ARN; each in payload 2.0, or in 1.0.

    What a Lambda authorizer tells beside them is its own, and of any form: nobody.
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
    """A role's ARN without the session's name, which its caller is free to choose.

    Of a federated user the name is all that there is: nobody.
    """
    if ":federated-user/" in arn:
        return None
    return arn.rpartition("/")[0] if ":assumed-role/" in arn else arn


def _split(event: Mapping[str, Any], path: str) -> tuple[str, str]:
    """What clients put before our paths, and our path.

    What a REST API has matched as `{proxy+}` is ours; the whole, which its context tells, may begin
    with a custom domain's base path, with the stage, or with both. An HTTP API leaves a named stage
    in the path; `$default` and a load balancer have none.
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
