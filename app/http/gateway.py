"""The gateway's part of a Lambda event: the caller, and the prefix of the path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

from app.http.callers import NoCaller
from app.http.problems import problem
from app.runtime import logs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fastapi import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from app.http.callers import CallerOf

Result = TypeVar("Result")


class Gateway:
    """Rejects requests without a caller, and routes without the path's prefix."""

    def __init__(self, app: ASGIApp, caller_of: CallerOf) -> None:
        self._app = app
        self._caller_of = caller_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        event: Mapping[str, Any] = scope["aws.event"]
        try:
            caller = self._caller_of(event)
        except NoCaller as error:
            refusal = problem(401, str(error), headers={"WWW-Authenticate": error.challenge})
            return await refusal(scope, receive, send)
        # Mangum runs each request as a task, whose context ends with the request.
        logs.actor.set(caller.actor)
        prefix, path = _split(event, scope["path"])
        scope = {**scope, "owner": caller.owner, "root_path": prefix, "path": prefix + path}
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
