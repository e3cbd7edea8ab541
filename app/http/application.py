"""The HTTP application: its routes, its errors, and its OpenAPI document."""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.telemetry import TelemetryConfig
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute

from app.domain.event_log import EventLog
from app.domain.resource import ResourceType, check_distinct
from app.domain.service import Service
from app.http import parameters, problems
from app.http.api import Api
from app.http.body_limit import BodyLimit
from app.http.event_routes import event_router
from app.http.parameters import OwnerOf, Run
from app.http.problems import Answer, title
from app.http.resource_routes import resource_router
from app.http.schemas import Message, Problem

TITLE = "Todos with webhooks"

NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
"""FastAPI's own, for OpenTelemetry. Without it, each request would look for OpenTelemetry's
providers, of which there are none (4 microseconds)."""


def build(
    services: Sequence[Service[Any]],
    owner_of: OwnerOf,
    run: Run = run_in_threadpool,
    log: EventLog | None = None,
    elsewhere: Callable[[], Sequence[BaseRoute]] = tuple,
) -> FastAPI:
    """The application, with the routes of each service's resource, and of the log if there is one.

    `run` makes the services' calls, which block: by default in a thread pool. The document has the
    routes of `elsewhere` too, which another function serves.
    """
    resources = [service.type for service in services]
    check_distinct(resources)
    routers = [resource_router(service, owner_of, run) for service in services]
    routers.append(_ping_router(services[0], owner_of, run))
    if log is not None:
        types = [each.name for resource in resources for each in resource.events.of_changes]
        routers.append(event_router(log, types, owner_of, run))
    app = Api(
        routes=[route for router in routers for route in router.routes],
        title=TITLE,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        telemetry=NO_TELEMETRY,
    )
    app.state.services = services
    app.add_middleware(BodyLimit)
    problems.install(app)
    app.openapi = lambda: _openapi([*app.routes, *elsewhere()], resources)  # type: ignore[method-assign]
    return app


def _ping_router(service: Service[Any], owner_of: OwnerOf, run: Run) -> APIRouter:
    router = APIRouter(responses=parameters.problems(401, 413, 500))

    @router.get("/", response_model=Message)
    async def ping(request: Request) -> Answer:
        """Say hello, and publish a `ping`."""
        await run(service.ping, owner_of(request))
        return Answer({"message": "Wilkomen!"})

    return router


GATEWAYS = (401, 403, 429, 500, 503)
"""Statuses that API Gateway also answers by itself, with a Message: it rejects the caller, it
throttles, or the function failed."""


def _openapi(routes: Sequence[BaseRoute], resources: Sequence[ResourceType[Any]]) -> dict[str, Any]:
    """FastAPI's document, with the gateway's answers, the webhooks, and the schemas that the routes
    only refer to."""
    # Only the document needs these modules.
    from pydantic.json_schema import models_json_schema  # noqa: PLC0415

    from app.http.event_schemas import LoggedEvent, LoggedEvents  # noqa: PLC0415
    from app.http.webhooks import Webhooks  # noqa: PLC0415
    from app.runtime.version import version  # noqa: PLC0415

    document = FastAPI(routes=[*routes], title=TITLE, version=version(), openapi_url=None).openapi()
    for operations in document["paths"].values():
        for operation in operations.values():
            _drop_fastapis_refusal(operation["responses"])
            _declare_gateways(operation["responses"])
        if "get" in operations:
            operations["head"] = _head_of(operations["get"])
    document["webhooks"] = Webhooks(resources).document()
    _, referred_to = models_json_schema(
        [(model, "serialization") for model in (Problem, LoggedEvent, LoggedEvents)],
        ref_template="#/components/schemas/{model}",
    )
    schemas = document["components"]["schemas"] | referred_to["$defs"]
    document["components"]["schemas"] = {
        name: schemas[name] for name in sorted(schemas.keys() - FASTAPIS)
    }
    return document


FASTAPIS = {"HTTPValidationError", "ValidationError"}
"""Schemas of a 422 that FastAPI declares for each route with a parameter and no 422 of its own."""


def _drop_fastapis_refusal(responses: dict[str, Any]) -> None:
    """This API's own 422 is a problem. A route that does not declare it takes any text."""
    if "application/json" in responses.get("422", {}).get("content", ()):
        del responses["422"]


def _declare_gateways(responses: dict[str, Any]) -> None:
    for status in GATEWAYS:
        ours = responses.setdefault(str(status), {"description": title(status), "content": {}})
        message = {"schema": {"$ref": "#/components/schemas/Message"}}
        ours["content"] = ours["content"] | {"application/json": message}


def _head_of(get: dict[str, Any]) -> dict[str, Any]:
    """The operation HEAD: that of GET, without bodies."""
    answers = get["responses"].items()
    return {
        **get,
        "summary": f"{get['summary']}, without the body",
        "operationId": f"{get['operationId'].removesuffix('_get')}_head",
        "responses": {status: {"description": of["description"]} for status, of in answers},
    }
