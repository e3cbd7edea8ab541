"""The gateway's part of a Lambda event: whether it is a request, its caller, its path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from app.http.callers import NoCaller
from app.http.problems import problem
from app.runtime import logs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fastapi import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from app.http.callers import Caller, CallerOf
    from app.http.paths import Paths

Result = TypeVar("Result")


class Gateway:
    """Rejects requests without a caller, and routes without the path's prefix.

    `record` gets the caller of each other request.
    """

    def __init__(
        self,
        app: ASGIApp,
        caller_of: CallerOf,
        paths: Paths,
        record: Callable[[Caller], object] = lambda _: None,
    ) -> None:
        self._app = app
        self._caller_of = caller_of
        self._paths = paths
        self._record = record

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        event: Mapping[str, Any] = scope["aws.event"]
        try:
            caller = self._caller_of(event)
        except NoCaller as error:
            refusal = problem(401, str(error), headers={"WWW-Authenticate": error.challenge})
            return await refusal(scope, receive, send)
        # Mangum runs each request as a task, whose context ends with the request.
        logs.actor.set(caller.actor)
        self._record(caller)
        prefix, path = self._paths.split(event)
        scope = {**scope, "owner": caller.owner, "root_path": prefix, "path": prefix + path}
        await self._app(scope, receive, send)
        return None


class NoRequest(Exception):
    """The event is no request: a queue's, for example. Answered, its messages would be lost."""


def is_request(event: object) -> bool:
    """False for an event that only warms the function up. Raises NoRequest for any other one."""
    match event:
        case {"requestContext": dict()}:
            return True
        case None | {"warmer": True}:
            return False
        case {"source": "aws.events" | "aws.scheduler" | "serverless-plugin-warmup"}:
            return False
        case {**fields}:
            if not fields:
                return False
            what = f"has {', '.join(map(str, fields))}"
        case _:
            what = f"is {type(event).__name__}"
    raise NoRequest(
        "This function answers requests of API Gateway, of a load balancer or of a function URL."
        f" The event is no request, it {what}. Send it to another function."
    )


_ADDRESS = {"host", "x-forwarded-port"}


def normalised(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event for Mangum 0.22, which fails on what a gateway or a client may send.

    It fails on null or absent headers. It fails on a port that is not a number in `Host` or
    `X-Forwarded-Port`, which this API does not use.
    """
    kept = {name: value for name, value in event.items() if value is not None}
    for part in ("headers", "multiValueHeaders"):
        if part in event:
            values = (event[part] or {}).items()
            kept[part] = {name: each for name, each in values if name.lower() not in _ADDRESS}
    kept.setdefault("headers", {})
    return kept


async def inline(call: Callable[..., Result], *args: object, **kwargs: object) -> Result:
    """Call without a thread: a Lambda environment has one request at a time, so it may block."""
    return call(*args, **kwargs)


def owner_of(request: Request) -> str:
    owner: str = request.scope["owner"]
    return owner
