"""A deployment's customers, each with a client of their own; the stand-in is their Convoy."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from app.convoy_admin.choices import Choices
from app.convoy_admin.project import Project
from app.customers import application
from app.customers.addresses import Addresses
from app.customers.deliveries import Deliveries
from app.customers.endpoints import Endpoints
from app.customers.time_limit import TimeLimit
from app.http import application as http_application
from app.wiring.clock import new_event_id, now
from app.wiring.customers import DEFAULT_TYPES, EVENT_TYPES
from infra.fake_convoy.project import PROJECT_ID
from tests.built_once import built_once
from tests.components import make_exchange
from tests.register import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import httpx
    from fastapi import FastAPI, Request
    from httpx2 import Response
    from starlette.routing import BaseRoute
    from starlette.testclient import TestClient

    from app.convoy.connecting import Address
    from app.convoy.exchange import Exchange
    from app.domain.event_log import EventLog
    from app.domain.service import Service
    from tests.stand_in import Convoy
    from tests.support import JsonObject

UNKNOWN = "01KB0000000000000000000000"
"""A well-formed id that Convoy does not have."""

WANTED = [of.name for each in RESOURCES for of in each.events if of is not each.events.retrieved]
"""The event types of an endpoint whose customer chose none."""


def set_up(convoy: Convoy) -> None:
    """Make the event types that an operator makes by `convoy setup`."""
    for name in EVENT_TYPES:
        convoy.ask("POST", "/event-types", json={"name": name})


def look_up(host: str, port: int) -> Sequence[Address]:
    """Each literal address, `*.private` as a private address, each other name as a public one."""
    try:
        address = str(ip_address(host))
    except ValueError:
        address = "10.0.0.7" if host.endswith(".private") else "93.184.215.14"
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]


@dataclass
class Calls:
    """An exchange with Convoy that calls `after_each` after each call."""

    exchange: Exchange
    after_each: Callable[[], object] = field(default=lambda: None)
    made: int = 0

    def answer(self, *call: Any, **arguments: Any) -> httpx.Response:
        answer = self.exchange.answer(*call, **arguments)
        self.made += 1
        self.after_each()
        return answer

    @property
    def key_setting(self) -> str:
        return self.exchange.key_setting

    def redacted(self, text: str) -> str:
        return self.exchange.redacted(text)

    def close(self) -> None:
        self.exchange.close()


def routes(
    endpoints: Endpoints,
    deliveries: Deliveries,
    limit: TimeLimit,
    owner_of: Callable[[Request], str],
) -> list[BaseRoute]:
    return application.routes(
        endpoints,
        deliveries,
        event_types=EVENT_TYPES,
        limit=limit,
        owner_of=owner_of,
        run=run_in_threadpool,
    )


def _app(*parts: Any) -> FastAPI:
    return application.build(routes(*parts))


def _api(
    log: EventLog,
    endpoints: Endpoints,
    deliveries: Deliveries,
    limit: TimeLimit,
    owner_of: Callable[[Request], str],
    *services: Service[Any],
) -> FastAPI:
    app = http_application.build(services, owner_of, log=log)
    application.add_to(app, routes(endpoints, deliveries, limit, owner_of))
    return app


@dataclass
class World:
    """By default the owner of a request is in its header `x-owner`."""

    convoy: Convoy
    limit: TimeLimit = field(default_factory=TimeLimit)
    max_endpoints: int = 10
    pauses: list[float] = field(default_factory=list)
    owner_of: Callable[[Request], str] = field(default=lambda request: request.headers["x-owner"])

    def __post_init__(self) -> None:
        exchange = make_exchange(self.convoy.api, left_s=self.limit.left_s)
        self.calls = Calls(exchange)
        any_exchange: Any = self.calls
        self.project = Project(any_exchange, base_url=self.convoy.api, project_id=PROJECT_ID)
        self.addresses = Addresses(local=True, look_up=look_up)
        endpoints = Endpoints(
            project=self.project,
            choices=Choices(self.project, self.pauses.append),
            addresses=self.addresses,
            default_types=DEFAULT_TYPES,
            max_endpoints=self.max_endpoints,
            clock=now,
            new_event_id=new_event_id,
        )
        deliveries = Deliveries(self.project, now, self.limit)
        self.parts = endpoints, deliveries, self.limit, self.owner_of
        self.open = ExitStack()
        set_up(self.convoy)

    def app(self) -> FastAPI:
        """The application, until the world is closed."""
        return self.open.enter_context(built_once(_app, *self.parts))

    def api(self, services: Sequence[Service[Any]], log: EventLog) -> FastAPI:
        """The API with the customers' routes, as on a laptop, until the world is closed."""
        names = tuple(service.type.name for service in services)
        return self.open.enter_context(built_once(_api, log, *self.parts, *services, key=names))

    def close(self) -> None:
        self.open.close()
        self.project.close()
        self.addresses.close()

    def everything(self) -> JsonObject:
        """What Convoy has, as a test can compare it."""
        lists = ("endpoints", "subscriptions", "events", "eventdeliveries")
        found = {
            each: self.convoy.ask("GET", f"/{each}", params={"perPage": 1000})["content"]
            for each in lists
        }
        filters = [
            self.convoy.ask("GET", f"/subscriptions/{each['uid']}/filters")
            for each in found["subscriptions"]
        ]
        return found | {"filters": filters}


@dataclass(frozen=True)
class Customer:
    """One owner's requests."""

    http: TestClient
    owner: str
    convoy: Convoy

    def ask(self, method: str, path: str, **options: Any) -> Response:
        headers = {"x-owner": self.owner}
        return self.http.request(method, f"/webhooks{path}", headers=headers, **options)

    def data(self, method: str, path: str, **options: Any) -> Any:
        """`data` of a success."""
        answer = self.ask(method, path, **options)
        assert answer.is_success, answer.text
        return answer.json()["data"]

    def register(self, url: str = "", **about: object) -> str:
        """Make an endpoint, by default at the stand-in's own receiver; gives its id."""
        made: JsonObject = self.data(
            "POST", "/endpoints", json={"url": url or self.convoy.receiver, **about}
        )
        return str(made["id"])

    def publish(self, event_type: str, key: str) -> None:
        """An event of this owner, as the API publishes it."""
        event = {"owner_id": self.owner, "event_type": event_type, "data": {"id": key}}
        self.convoy.ask("POST", "/events/fanout", json=event | {"idempotency_key": key})
        self.convoy.wait_for_worker()

    def delivered(self, **filters: str) -> list[JsonObject]:
        """Newest first, as soon as every delivery has ended."""
        self.convoy.deliveries()
        found: list[JsonObject] = self.data("GET", "/deliveries", params=filters)
        return found
