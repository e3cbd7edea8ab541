"""A customer who has read `GET /events` has the API's state, whatever happened to the webhooks.

Two customers, the real API with its log, the customers' routes, and real deliveries. Webhooks are
lost, repeated, late or refused; endpoints are paused, and their secrets rotated. An endpoint that
is down stays down for longer than the stand-in tries.
"""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from app.customers import application as customers
from app.http import application
from app.outbox.request_attempt import OutboxDelivery
from app.wiring.clients import new_event_id, now
from examples.receiver import CHANGES, Received, verified
from infra.fake_convoy import server
from infra.local.tables import create_tables
from tests.components import (
    make_event_log,
    make_publisher,
    make_questions,
    make_relay,
    make_service,
)
from tests.inputs import inputs
from tests.integration.customers.world import Customer, World
from tests.support import VISIBLE_AFTER
from tests.tables import TABLES, make_outbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient
    from starlette.requests import Request

    from tests.stand_in import Convoy
    from tests.support import JsonObject

OWNERS = ("ann", "bob")
QUEUES = ("intake", "matching", "deliveries", "attempts")
PAGE = 3


@dataclass
class Endpoint:
    """A customer's receiver and what it learned; it answers 503 while it is down."""

    secrets: list[str] = field(default_factory=list)
    down: bool = False
    received: Received = field(default_factory=Received)
    todos: dict[int, JsonObject] = field(default_factory=dict)

    def learn(self, event: JsonObject) -> None:
        if event["event"].rpartition(".")[2] in CHANGES and self.received.is_news(event):
            todo = event["todo"]
            if event["event"] == "todo.deleted":
                self.todos.pop(todo["id"], None)
            else:
                self.todos[todo["id"]] = todo
            self.received.record(event)

    async def receive(self, request: Request) -> Response:
        body, signature = await request.body(), request.headers["x-convoy-signature"]
        if self.down:
            return Response(status_code=503)
        at = now().timestamp()
        if not any(verified(secret, body, signature, at) for secret in self.secrets):
            return Response(status_code=401)
        self.learn(json.loads(body))
        return Response(status_code=204)


class Deployment:
    """The API and the customers' routes in one application, and two customers with an endpoint."""

    def __init__(self, dynamodb: DynamoDBClient, convoy: Convoy, url: str) -> None:
        self.dynamodb, self.convoy = dynamodb, convoy
        self.publisher, self.questions = make_publisher(convoy.api), make_questions(convoy.api)
        service = make_service(
            dynamodb,
            self.publisher,
            delivery=OutboxDelivery(self.publisher, make_outbox(dynamodb), now, lambda: 1.0),
            clock=now,
            new_event_id=new_event_id,
            new_id=count(1000).__next__,
        )
        # No request is under way when a customer reads: the horizon may be the present.
        log = make_event_log(dynamodb, lambda: now() + VISIBLE_AFTER)
        self.world = World(convoy)
        self.app = application.build([service], self.world.owner_of, log=log)
        customers.add_to(self.app, self.world.routes)
        self.http = TestClient(self.app)
        self.endpoints = {owner: Endpoint() for owner in OWNERS}
        self.customers = {owner: Customer(self.http, owner, convoy) for owner in OWNERS}
        self.paths: dict[str, str] = {}
        for owner, customer in self.customers.items():
            made = customer.ask("POST", "/endpoints", json={"url": f"{url}/{owner}"}).json()
            self.paths[owner] = f"/endpoints/{made['data']['id']}"
            self.endpoints[owner].secrets.append(made["secret"])

    def ask(self, owner: str, method: str, path: str, **options: Any) -> JsonObject:
        answer = self.http.request(method, path, headers={"x-owner": owner}, **options)
        assert answer.status_code < 500, answer.text
        found: JsonObject = answer.json()
        return found

    def take(self, step: tuple[Any, ...]) -> None:
        owner = step[1]
        customer, endpoint, one = self.customers[owner], self.endpoints[owner], self.paths[owner]
        match step:
            case "change", _, method, todo_id, item:
                path = "/todo" if method == "POST" else f"/todo/{todo_id}"
                body = {"id": todo_id, "item": item} if method == "POST" else {"item": item}
                self.ask(owner, method, path, **({} if method == "DELETE" else {"json": body}))
            case "down", _, down:
                endpoint.down = down
            case "pause", _, paused:
                customer.data("PUT", one, json={"paused": paused})
            case "rotate", _, overlap_h:
                made = customer.data("POST", f"{one}/rotate", json={"overlap_h": overlap_h})
                endpoint.secrets = [made["secret"], *endpoint.secrets[: overlap_h and None]]
            case "resend", _, index:
                for delivery in customer.data("GET", "/deliveries")[index : index + 1]:
                    customer.ask("POST", f"/deliveries/{delivery['id']}/resend")
            case "lose", _, queue:
                self.convoy.start_worker()
                self.convoy.wait_for_worker()
                self.convoy.stop_worker(queue)
                self.ask(owner, "POST", "/todo", json={"item": "its job is lost"})
                self.convoy.wait_for_worker(queue)
                self.convoy.lose(queue)
                self.convoy.start_worker(queue)
            case "hold", _, queue:
                self.convoy.stop_worker(queue)
            case "relay", *_:
                self.convoy.start_worker()
                self.convoy.wait_for_worker()
                make_relay(self.dynamodb, self.publisher, self.questions, later).run()

    def catch_up(self, owner: str) -> None:
        after: dict[str, str] = {}
        while True:
            page = self.ask(owner, "GET", "/events", params={"limit": PAGE, **after})
            for event in page["data"]:
                self.endpoints[owner].learn(event)
            if "next" not in page:
                return
            after = {"after": page["next"]}

    def close(self) -> None:
        self.publisher.close()
        self.questions.close()
        self.world.close()


def later() -> datetime:
    """Rows are due, and nothing is stuck yet."""
    return now() + timedelta(seconds=90)


OF = st.sampled_from(OWNERS)
STEP = st.one_of(
    st.tuples(
        st.just("change"),
        OF,
        st.sampled_from(["POST", "PUT", "DELETE"]),
        st.integers(1, 3),
        st.sampled_from(["one", "two"]),
    ),
    st.tuples(st.sampled_from(["down", "pause"]), OF, st.booleans()),
    st.tuples(st.just("rotate"), OF, st.sampled_from([0, 24])),
    st.tuples(st.just("resend"), OF, st.integers(0, 5)),
    st.tuples(st.sampled_from(["lose", "hold"]), OF, st.sampled_from(QUEUES)),
    st.tuples(st.just("relay"), OF),
)
DOWN_FOR_LONG = [
    ("change", "ann", "POST", 1, "one"),
    ("down", "ann", True),
    ("change", "ann", "PUT", 1, "two"),
    ("change", "ann", "POST", 2, "one"),
    ("change", "ann", "DELETE", 1, ""),
    ("relay", "ann"),
    ("down", "ann", False),
]


@pytest.fixture(scope="module")
def receivers() -> Iterator[tuple[str, list[Deployment]]]:
    """The URL of the endpoints of the last of these deployments."""
    deployments: list[Deployment] = []

    async def receive(request: Request) -> Response:
        return await deployments[-1].endpoints[request.path_params["owner"]].receive(request)

    with server.running(Starlette(routes=[Route("/{owner}", receive, methods=["POST"])])) as url:
        yield url, deployments


@given(steps=st.lists(STEP, max_size=20))
@example(steps=DOWN_FOR_LONG)
@inputs(25)
def test_after_reading_the_events_a_customers_state_is_the_apis(
    dynamodb: DynamoDBClient,
    convoy: Convoy,
    receivers: tuple[str, list[Deployment]],
    steps: list[tuple[Any, ...]],
) -> None:
    convoy.reset()
    for table in TABLES.values():
        dynamodb.delete_table(TableName=table)
    create_tables(dynamodb, TABLES, expiring=False)
    url, deployments = receivers
    with closing(Deployment(dynamodb, convoy, url)) as deployment:
        deployments[:] = [deployment]
        for step in steps:
            deployment.take(step)
        convoy.start_worker()
        convoy.wait_for_worker()
        for owner in OWNERS:
            deployment.catch_up(owner)

            todos = deployment.ask(owner, "GET", "/todo")["data"]
            mine = deployment.endpoints[owner].todos
            assert [mine[each] for each in sorted(mine)] == todos


def test_what_an_endpoint_missed_while_it_was_down_is_only_in_the_events(
    dynamodb: DynamoDBClient, convoy: Convoy, receivers: tuple[str, list[Deployment]]
) -> None:
    """The property above would hold of endpoints that miss nothing, too."""
    url, deployments = receivers
    with closing(Deployment(dynamodb, convoy, url)) as deployment:
        deployments[:] = [deployment]
        for step in DOWN_FOR_LONG:
            deployment.take(step)
            convoy.wait_for_worker()  # each delivery arrives, or fails for good

        assert sorted(deployment.endpoints["ann"].todos) == [1]
        deployment.catch_up("ann")
        assert sorted(deployment.endpoints["ann"].todos) == [2]
