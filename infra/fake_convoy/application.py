"""A stand-in for Convoy: the part of its HTTP contract that this project uses, in memory.

Its API answers as Convoy's does: the same codes, messages and envelopes, the same idempotency. It
delivers to the registered endpoints, one of which may be its own receiver, and shows everything at
`/inbox`. A published event goes through Convoy's stages (`worker.py`). Tests use `/_control/…`
(`controls.py`) to stop the worker, to lose the jobs of its queues, and to let the API fail.

    python -m infra.fake_convoy --port 8002
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.fake_convoy import (
    controls,
    delivery_routes,
    endpoint_routes,
    event_routes,
    resources,
    server,
    subscription_routes,
)
from infra.fake_convoy.answers import Refusal, refusal_answer
from infra.fake_convoy.deliveries import TIMEOUT_S, Backoff
from infra.fake_convoy.faults import Faults
from infra.fake_convoy.inbox import routes as inbox_routes
from infra.fake_convoy.inbox.gauges import Failures, Gauges
from infra.fake_convoy.journal import Journal
from infra.fake_convoy.project import API_KEY, RECEIVER, Project, utc_now
from infra.fake_convoy.receiver import Receiver
from infra.fake_convoy.trouble import OUTAGE, Trouble
from infra.fake_convoy.worker import Worker
from infra.loopback import OnlyThisMachine

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from infra.fake_convoy.faults import InjectedFault
    from infra.fake_convoy.inbox.gauges import ReadOutbox

PROJECT = "/api/v1/projects/{project_id}"
"""Any id is accepted: Convoy takes the project from the API key."""

_ANY = ["GET", "POST", "PUT", "DELETE"]
_JSON = {"content-type": "application/json"}

Endpoint = Callable[[Request], Awaitable[Response]]


def build(
    journal: Path | None = None,
    backoff: Backoff = Backoff(),  # noqa: B008
    to_try: str = "curl http://localhost:8080/",
    *,
    keep_queues: bool = False,
    read_outbox: ReadOutbox | None = None,
    clock: Callable[[], datetime] = utc_now,
    timeout_s: float = TIMEOUT_S,
) -> Starlette:
    """An empty inbox shows the command `to_try`. `read_outbox` reads the outbox of the API.
    `clock` is aware, in UTC. An endpoint has `timeout_s` for its answer.

    With a `journal` the project outlives a kill. The queues are lost then, as in a Redis that saves
    only now and then; with `keep_queues` they are kept, as in a Redis that syncs each write.
    """
    project, faults = Project(clock=clock), Faults()
    receiver = Receiver(lambda: clock().timestamp())

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        # The endpoints are on this machine: use no proxy of the environment. The dispatcher has its
        # own, shorter deadline.
        patient = httpx.Timeout(timeout_s * 2)
        async with httpx.AsyncClient(
            trust_env=False,
            follow_redirects=True,
            timeout=patient,
            limits=_NONE_KEPT,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # it keeps none
        ) as http:
            with _open_journal(project, journal) as opened:
                of_queues = opened if keep_queues else None
                worker = Worker(
                    project, http, backoff, clock=clock, timeout_s=timeout_s, journal=of_queues
                )
                if of_queues is not None:
                    worker.queues.restore(of_queues.entries())
                app.state.worker, app.state.loop = worker, asyncio.get_running_loop()
                app.state.trouble = Trouble(worker.queues, project.feed.trouble)
                failures = Failures(receiver, app.state.trouble, faults)
                app.state.gauges = Gauges(project, worker.queues, failures, read_outbox)
                async with app.state.gauges.running():
                    yield
                worker.queues.close()

    app = Starlette(
        routes=[
            *_api_routes(),
            *controls.routes,
            Route(RECEIVER, receiver.receive, methods=["POST"]),
            *inbox_routes.routes,
            Route("/api/{rest:path}", not_found, methods=_ANY),
            # Outside /api the real Convoy answers every path with its dashboard.
            Route("/{rest:path}", dashboard, methods=_ANY),
        ],
        middleware=[Middleware(OnlyThisMachine, pages={inbox_routes.PATH})],
        exception_handlers={Refusal: refusal_answer},
        lifespan=lifespan,
    )
    app.state.project, app.state.receiver, app.state.faults = project, receiver, faults
    app.state.at_end, app.state.to_try = project.feed.end, to_try
    return app


_NONE_KEPT = httpx.Limits(max_connections=100, max_keepalive_connections=0)
"""httpx closes idle connections within some later request. If that request's attempt is lost, the
connections that are left stay open for ever."""


@contextmanager
def _open_journal(project: Project, path: Path | None) -> Iterator[Journal | None]:
    """Restore the project from the journal, and let the project write to it."""
    if path is None:
        yield None
        return
    with closing(Journal(path)) as journal:
        project.restore(journal.entries())
        project.journal = journal
        yield journal


def _api_routes() -> list[Route]:
    return [
        _route("", resources.project),
        _route("/events/fanout", event_routes.fan_out, "POST"),
        _route("/events/batchreplay", event_routes.batch_replay, "POST"),
        _route("/events", event_routes.listed),
        _route("/events", event_routes.to_endpoint, "POST"),
        _route("/events/{uid}", event_routes.one),
        _route("/events/{uid}/replay", event_routes.replay, "PUT"),
        _route("/endpoints", endpoint_routes.endpoints, "GET", "POST"),
        _route("/endpoints/{uid}", endpoint_routes.endpoint, "GET", "PUT", "DELETE"),
        _route("/endpoints/{uid}/pause", endpoint_routes.pause, "PUT"),
        _route("/endpoints/{uid}/activate", endpoint_routes.activate, "POST"),
        _route("/endpoints/{uid}/expire_secret", endpoint_routes.expire_secret, "PUT"),
        _route("/subscriptions", subscription_routes.subscriptions, "GET", "POST"),
        _route("/subscriptions/{uid}/filters", subscription_routes.filters, "GET", "POST"),
        _route(
            "/subscriptions/{uid}/filters/{filter_uid}",
            subscription_routes.delete_filter,
            "DELETE",
        ),
        _route("/event-types", resources.event_types, "GET", "POST"),
        _route("/event-types/{uid}", resources.event_type, "PUT"),
        _route("/eventdeliveries", delivery_routes.listed),
        _route("/eventdeliveries/forceresend", delivery_routes.force_resend, "POST"),
        _route("/eventdeliveries/batchretry", delivery_routes.batch_retry, "POST"),
        _route("/eventdeliveries/{uid}", delivery_routes.one),
        _route("/eventdeliveries/{uid}/resend", delivery_routes.resend, "PUT"),
        _route("/eventdeliveries/{uid}/deliveryattempts", delivery_routes.attempts),
    ]


def _route(path: str, endpoint: Endpoint, *methods: str) -> Route:
    return Route(f"{PROJECT}{path}", _api(endpoint), methods=methods or ["GET"])


def _api(endpoint: Endpoint) -> Endpoint:
    """Wrap a route of the API: a fault, the API key and the content type come first."""

    async def guarded(request: Request) -> Response:
        await request.body()  # let the client finish sending, whatever follows
        is_down = request.app.state.trouble.left_s("down") > 0
        fault = OUTAGE if is_down else await request.app.state.faults.next(request)
        if fault is not None:
            await _wait(request, fault)
            if fault.reset:
                server.reset_connection(request)
                return Response()
            if fault.status is not None:
                return Response(fault.body, fault.status, {**_JSON, **fault.headers})
        try:
            _authorize(request)
            content_type = request.headers.get("content-type", "")
            if content_type and not content_type.startswith("application/json"):
                return Response(status_code=415)
            answer = await endpoint(request)
        except Refusal as refusal:
            answer = refusal_answer(request, refusal)
        if fault is not None and fault.lose_answer:
            server.reset_connection(request)
        return answer

    return guarded


async def _wait(request: Request, fault: InjectedFault) -> None:
    """Wait out the fault's delay. A call without effect ends when its client hangs up."""
    if fault.status is None and not fault.reset:
        await asyncio.sleep(fault.delay_s)
        return
    with suppress(TimeoutError):
        await asyncio.wait_for(request.receive(), fault.delay_s)


async def not_found(_: Request) -> Response:
    return Response("404 page not found\n", 404, media_type="text/plain")


async def dashboard(_: Request) -> Response:
    return Response("<!doctype html><title>Convoy</title>", media_type="text/html")


def _authorize(request: Request) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in {"basic", "bearer"} or not key:
        raise Refusal(401, "Authentication required")
    if not hmac.compare_digest(key.encode(), API_KEY.encode()):
        raise Refusal(401, "authorization failed")
