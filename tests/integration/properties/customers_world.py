"""Two customers with an endpoint each: the API with its log, their routes, and real deliveries."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.testclient import TestClient

from app.outbox.request_attempt import OutboxDelivery
from app.wiring.clock import new_event_id, now
from examples.receiver import CHANGES, Received, verified
from tests.components import (
    make_event_log,
    make_publisher,
    make_questions,
    make_relay,
    make_service,
)
from tests.integration.customers.world import Customer, World
from tests.support import VISIBLE_AFTER
from tests.tables import make_outbox

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient
    from starlette.requests import Request

    from infra.fake_convoy.queues import Queue
    from tests.stand_in import Convoy
    from tests.support import JsonObject

OWNERS = ("ann", "bob")
PAGE = 3


@dataclass
class Endpoint:
    """A customer's receiver and what it learned; it answers 503 while it is down.

    `refused`: webhooks with a wrong signature. `after`: where the next reading of the log begins.
    """

    secrets: list[str] = field(default_factory=list)
    down: bool = False
    arrived: set[str] = field(default_factory=set)
    refused: int = 0
    after: str | None = None
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
            self.refused += 1
            return Response(status_code=401)
        event = json.loads(body)
        self.arrived.add(event["id"])
        self.learn(event)
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
        self.app = self.world.api([service], log)
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

    # The steps.

    def change(self, owner: str, method: str, todo_id: int, item: str) -> None:
        path = "/todo" if method == "POST" else f"/todo/{todo_id}"
        body = {"id": todo_id, "item": item} if method == "POST" else {"item": item}
        self.ask(owner, method, path, **({} if method == "DELETE" else {"json": body}))

    def down(self, owner: str, down: bool) -> None:
        self.endpoints[owner].down = down

    def pause(self, owner: str, paused: bool) -> None:
        self.customers[owner].data("PUT", self.paths[owner], json={"paused": paused})

    def rotate(self, owner: str, overlap_h: int) -> None:
        path = f"{self.paths[owner]}/rotate"
        made = self.customers[owner].data("POST", path, json={"overlap_h": overlap_h})
        # Deliveries that are under way have the old signature.
        self.endpoints[owner].secrets.append(made["secret"])

    def recover(self, owner: str, minutes: int) -> None:
        since = (now() - timedelta(minutes=minutes)).isoformat()
        path = f"{self.paths[owner]}/recover"
        self.customers[owner].ask("POST", path, json={"since": since})

    def resend(self, owner: str, index: int) -> None:
        customer = self.customers[owner]
        for delivery in customer.data("GET", "/deliveries")[index : index + 1]:
            customer.ask("POST", f"/deliveries/{delivery['id']}/resend")

    def lose(self, owner: str, queue: Queue) -> None:
        """The job of a new change is lost in this queue."""
        self.convoy.start_worker()
        self.convoy.wait_for_worker()
        self.convoy.stop_worker(queue)
        self.ask(owner, "POST", "/todo", json={"item": "its job is lost"})
        self.convoy.wait_for_worker(queue)
        self.convoy.lose(queue)
        self.convoy.start_worker(queue)

    def hold(self, _owner: str, queue: Queue) -> None:
        self.convoy.stop_worker(queue)

    def relay(self, _owner: str) -> None:
        self.convoy.start_worker()
        self.convoy.wait_for_worker()
        make_relay(self.dynamodb, self.publisher, self.questions, later).run()

    def catch_up(self, owner: str) -> None:
        """Read the log on from where the last reading ended."""
        endpoint, more = self.endpoints[owner], True
        while more:
            after = {} if endpoint.after is None else {"after": endpoint.after}
            page = self.ask(owner, "GET", "/events", params={"limit": PAGE, **after})
            for event in page["data"]:
                endpoint.learn(event)
            more = "next" in page
            endpoint.after = page["next"] if more else page["until"]

    def delivered(self, owner: str) -> set[str]:
        """The events that arrived, by the customer's list of deliveries."""
        found = self.customers[owner].data("GET", "/deliveries", params={"status": "Success"})
        return {delivery["event"] for delivery in found}

    def close(self) -> None:
        self.publisher.close()
        self.questions.close()
        self.world.close()


def later() -> datetime:
    """Rows are due, and nothing is stuck yet."""
    return now() + timedelta(seconds=90)
