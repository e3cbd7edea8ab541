"""What a Lambda event tells beside the request: the stage's prefix, and who is calling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fastapi import Request
    from starlette.types import ASGIApp, Receive, Scope, Send


class StagePrefix:
    """Route `/dev/todo` of a stage named `dev` as `/todo`, and keep `/dev` for links.

    An HTTP API puts a named stage into the path; `$default`, a REST API and a load balancer don't.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        prefix = "/" + _context(scope).get("stage", "")
        if scope["path"] == prefix:
            scope = {**scope, "path": f"{prefix}/", "root_path": prefix}
        elif scope["path"].startswith(f"{prefix}/"):
            scope = {**scope, "root_path": prefix}
        await self._app(scope, receive, send)


def owner_of(anonymous: str | None) -> Callable[[Request], str]:
    """Tells the caller that the gateway's authorizer vouched for: a JWT's `sub`, or an IAM ARN.

    `anonymous` is the owner of every request that it vouched for nobody of; None: those get 401.
    """

    def owner(request: Request) -> str:
        caller = _caller(_context(request.scope)) or anonymous
        if caller is None:
            raise HTTPException(401)
        return caller

    return owner


def _context(scope: Scope) -> Mapping[str, Any]:
    context: Mapping[str, Any] = scope["aws.event"]["requestContext"]
    return context


def _caller(context: Mapping[str, Any]) -> str | None:
    authorizer = context.get("authorizer") or {}
    jwt, iam = authorizer.get("jwt") or {}, authorizer.get("iam") or {}
    return (jwt.get("claims") or {}).get("sub") or iam.get("userArn") or None
