"""Lambda's entry points: one for each function."""

from app.runtime import cold_start  # isort: skip  # before the imports that it makes faster

import os
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Protocol

from mangum import Mangum
from mangum.handlers import HTTPGateway

from app.http.gateway import is_request, normalised
from app.runtime.logs import request_id_context

if TYPE_CHECKING:
    from fastapi import FastAPI
    from mangum.types import Scope

    from app.outbox.relay import Relay
    from app.wiring.api import Components


class Context(Protocol):
    """The part of Lambda's context that the relay uses."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int: ...


def api(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401  # Mangum's own type
    """Answer one request, in the form of a gateway's or a load balancer's event."""
    return _answer(_api()[0], event, context)


def webhooks(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401
    """Answer one request of a customer about endpoints or deliveries, in the same forms."""
    return _answer(_webhooks(), event, context)


def relay(_event: object, context: Context) -> dict[str, object]:
    """Run one pass over the outbox, for a schedule. It ends before the function's time is up."""

    def time_left() -> float:
        return context.get_remaining_time_in_millis() / 1000

    with request_id_context(context.aws_request_id):
        report = _relay().run(time_left)
        _components().metrics.record_pass(report)
        return report.as_dict()


def _answer(mangum: Mangum, event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401
    with request_id_context(context.aws_request_id):
        if not is_request(event):
            return {"warm": True}
        return mangum(normalised(event), context)


@cache
def _api() -> "tuple[Mangum, Components]":
    from app.wiring.api import lambda_components  # noqa: PLC0415  # `webhooks` does not need it

    app, components = lambda_components()
    return _adapted(app), components


@cache
def _webhooks() -> Mangum:
    from app.wiring.customers import lambda_customers  # noqa: PLC0415  # only `webhooks` needs it

    return _adapted(lambda_customers())


@cache
def _relay() -> "Relay":
    from app.wiring.relay import RelayComponents  # noqa: PLC0415  # the API's start does not need it

    return RelayComponents.build(_components()).relay


def _components() -> "Components":
    return _api()[1]


class _HttpApi(HTTPGateway):
    """Mangum's handler of an HTTP API's event. Mangum 0.22 makes the scope again for the answer."""

    @cached_property
    def scope(self) -> "Scope":
        return super().scope


def _adapted(app: "FastAPI") -> Mangum:
    # Mangum base64-encodes every other type.
    types = ["text/", "application/json", "application/problem+json"]
    return Mangum(app, lifespan="off", text_mime_types=types, custom_handlers=[_HttpApi])


# Lambda names its function's entry point. What the function needs is built at its start, not in its
# first request: a snapshot has it then.
if os.environ.get("_HANDLER") == "handler.webhooks":
    _webhooks()
else:
    _api()

cold_start.finish()
