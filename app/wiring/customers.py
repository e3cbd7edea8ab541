"""The customers' endpoints and deliveries. No cold start of the API or the relay imports this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from starlette.concurrency import run_in_threadpool

from app.convoy_admin.choices import Choices
from app.convoy_admin.project import Project
from app.customers import application
from app.customers.addresses import Addresses
from app.customers.deliveries import Deliveries
from app.customers.endpoints import Endpoints
from app.customers.time_limit import TimeLimit
from app.domain.events import PING
from app.http import gateway
from app.register import RESOURCES
from app.runtime import logs
from app.settings import Settings
from app.wiring.clients import api_key_of
from app.wiring.clock import new_event_id, now
from app.wiring.convoy import exchange_of
from app.wiring.sign_in import put_behind_gateway

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fastapi import FastAPI, Request
    from starlette.routing import BaseRoute

    from app.convoy.api_key import ApiKey

CALL_S = 15.0
"""Seconds for one call: Convoy pings the URL of a new endpoint for up to 10 s."""

MAX_ANSWER_BYTES = 32 * 1024 * 1024
"""Room for a short page of deliveries with the longest payloads (`app.convoy_admin.calls`)."""

READS = {PING, *(each.events.retrieved for each in RESOURCES)}
EVENT_TYPES = [PING.name, *(of.name for each in RESOURCES for of in each.events)]
DEFAULT_TYPES = sorted(set(EVENT_TYPES) - {each.name for each in READS})
"""The event types of an endpoint whose customer chose none."""


@dataclass(frozen=True, slots=True)
class Customers:
    """The use cases, and what they need."""

    project: Project
    addresses: Addresses
    limit: TimeLimit
    endpoints: Endpoints
    deliveries: Deliveries

    @classmethod
    def build(cls, settings: Settings, api_key: ApiKey | None = None) -> Self:
        """Without an `api_key` it reads the one of the settings. Raises SettingsError as
        `app.wiring.api.Components.build` does."""
        limit = TimeLimit()
        convoy = exchange_of(
            settings,
            api_key or api_key_of(settings),
            deadline_s=CALL_S,
            max_bytes=MAX_ANSWER_BYTES,
            left_s=limit.left_s,
        )
        project = Project(
            convoy, base_url=settings.convoy_base_url, project_id=settings.convoy_project_id
        )
        addresses = Addresses(local=settings.local_endpoints)
        endpoints = Endpoints(
            project=project,
            choices=Choices(project),
            addresses=addresses,
            default_types=DEFAULT_TYPES,
            max_endpoints=settings.max_endpoints,
            clock=now,
            new_event_id=new_event_id,
        )
        return cls(project, addresses, limit, endpoints, Deliveries(project, now, limit))

    def routes(
        self,
        owner_of: Callable[[Request], str],
        run: Callable[..., Awaitable[Any]] = run_in_threadpool,
    ) -> list[BaseRoute]:
        return application.routes(
            self.endpoints,
            self.deliveries,
            event_types=EVENT_TYPES,
            limit=self.limit,
            owner_of=owner_of,
            run=run,
        )

    def close(self) -> None:
        self.project.close()
        self.addresses.close()


def lambda_customers() -> FastAPI:
    """The customers' routes behind a gateway, whose authorizer names the owner."""
    logs.configure()
    settings = Settings.load()
    customers = Customers.build(settings)
    app = application.build(customers.routes(gateway.owner_of, gateway.inline))
    put_behind_gateway(app, settings)
    app.state.customers = customers
    return app


def documented_routes() -> list[BaseRoute]:
    """The routes for a document. They have no parts, and can't be called."""
    no_part: Any = None
    return application.routes(
        no_part,
        no_part,
        event_types=EVENT_TYPES,
        limit=no_part,
        owner_of=no_part,
        run=no_part,
    )


def add_customers(
    app: FastAPI, settings: Settings, api_key: ApiKey, owner_of: Callable[[Request], str]
) -> None:
    """Add the customers' routes to the API on a laptop. They share its API key."""
    customers = Customers.build(settings, api_key)
    application.add_to(app, customers.routes(owner_of))
    app.state.customers = customers
