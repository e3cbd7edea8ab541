"""The HTTP application: its routes, its errors, and the document that tells of them."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from starlette.concurrency import run_in_threadpool

from app import problems, routing, todo_routes
from app.body_limit import BodyLimit
from app.problems import Answer, title
from app.schemas import Message, Problem
from app.service import Service
from app.todos import Todo

router = APIRouter(responses=routing.problems(401, 413, 500))


@router.get("/", response_model=Message)
async def ping(request: Request) -> Answer:
    """Say hello, and publish a `ping`."""
    await routing.call(request, request.app.state.service.ping)
    return Answer({"message": "Wilkomen!"})


def build(
    service: Service[Todo],
    owner_of: Callable[[Request], str],
    run: Callable[..., Awaitable[object]] = run_in_threadpool,
    docs_url: str | None = "/docs",
) -> FastAPI:
    """The application. `owner_of` tells whose todos a request is about.

    `run` makes the service's calls, which block: unless told, on threads of their own. The page at
    `docs_url` loads scripts from a public network.
    """
    app = FastAPI(
        routes=[*router.routes, *todo_routes.router.routes],
        title="Todos with webhooks",
        redirect_slashes=False,
        docs_url=docs_url,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    app.state.service = service
    app.state.owner_of = owner_of
    app.state.run = run
    app.add_middleware(BodyLimit)
    problems.install(app)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


GATEWAYS = (401, 403, 429, 500, 503)
"""What API Gateway answers by itself too, as a Message: to whom it does not let in, to too many
requests, and when the function fails."""


def _openapi(app: FastAPI) -> dict[str, Any]:
    """FastAPI's document, with the gateway's answers, the webhooks, and the schema that is known by
    reference alone."""
    # who asks for no document does not wait for these
    from app import catalogue  # noqa: PLC0415
    from app.version import version  # noqa: PLC0415

    app.version = version()
    document = FastAPI.openapi(app)
    for operations in document["paths"].values():
        for operation in operations.values():
            _declare_gateways(operation["responses"])
    document["webhooks"] = catalogue.webhooks()
    problem = Problem.model_json_schema(
        mode="serialization", ref_template="#/components/schemas/{model}"
    )
    schemas = document["components"]["schemas"] | problem.pop("$defs") | {"Problem": problem}
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    return document


def _declare_gateways(responses: dict[str, Any]) -> None:
    for status in GATEWAYS:
        ours = responses.setdefault(str(status), {"description": title(status), "content": {}})
        told = {"schema": {"$ref": "#/components/schemas/Message"}}
        ours["content"] = ours["content"] | {"application/json": told}
