"""The customers' routes: added to the API on a laptop; alone, as the function `webhooks`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.customers import audit, problems
from app.customers.delivery_routes import delivery_router
from app.customers.endpoint_routes import endpoint_router
from app.http import problems as http_problems
from app.http.api import Api
from app.http.body_limit import BodyLimit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from fastapi import FastAPI, Request
    from starlette.routing import BaseRoute

    from app.customers.deliveries import Deliveries
    from app.customers.endpoints import Endpoints
    from app.customers.time_limit import TimeLimit


def routes(
    endpoints: Endpoints,
    deliveries: Deliveries,
    *,
    event_types: Sequence[str],
    limit: TimeLimit,
    owner_of: Callable[[Request], str],
    run: Callable[..., Awaitable[Any]],
) -> list[BaseRoute]:
    """`event_types` are those that a customer may choose. `run` makes a call that blocks."""

    def within_limit(use_case: Callable[..., Any], *args: object, **kwargs: object) -> Any:  # noqa: ANN401
        limit.begin()
        return use_case(*args, **kwargs)

    async def act(
        use_case: Callable[..., Any], request: Request, *args: object, **kwargs: object
    ) -> Any:  # noqa: ANN401
        owner = owner_of(request)
        call = run(within_limit, use_case, owner, *args, **kwargs)
        return await audit.logged(request, owner, call)

    return [
        *endpoint_router(endpoints, deliveries, event_types, act).routes,
        *delivery_router(deliveries, act).routes,
    ]


def add_to(app: FastAPI, customers: Sequence[BaseRoute]) -> None:
    """Add the routes, and the answers of their errors, to the API."""
    app.router.routes.extend(customers)
    problems.install(app)


def build(customers: Sequence[BaseRoute]) -> FastAPI:
    """An application that has these routes alone, and no document: the API's has them too."""
    app = Api(redirect_slashes=False, openapi_url=None, docs_url=None, redoc_url=None)
    add_to(app, customers)
    app.add_middleware(BodyLimit)
    http_problems.install(app)
    return app
