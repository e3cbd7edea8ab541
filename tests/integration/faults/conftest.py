"""The tests' own API and relay share DynamoDB and Convoy, over HTTP, with processes that die."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from app.convoy.deliveries import ConvoyDeliveries
from app.outbox.delivery import OutboxDelivery
from app.wiring import clients
from tests.integration.faults import victims
from tests.integration.faults.world import Ahead, World
from tests.support import OWNER, TodoService, deployment, make_outbox, make_relay, make_service

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext
    from multiprocessing.process import BaseProcess

    from mypy_boto3_dynamodb import DynamoDBClient
    from starlette.testclient import TestClient

    from app.convoy.publisher import ConvoyPublisher
    from app.convoy.questions import Questions
    from app.outbox.relay import Relay
    from tests.integration.faults.victims import Call, Environment, Step
    from tests.receiver import Receiver
    from tests.support import Convoy, Outbox

DEATH_S = 30.0
"""Seconds that a victim has to die in; it takes a fraction of one."""


@dataclass(frozen=True)
class Crash:
    """Starts processes that die, and sees to it that they did."""

    processes: ForkServerContext
    environment: Environment
    clock: Ahead

    def api(self, step: Step, calls: list[Call]) -> None:
        """A process for each call, all at once."""
        started = [
            self.processes.Process(
                target=victims.serve, args=(self.environment, step, self.clock.by, call)
            )
            for call in calls
        ]
        for victim in started:
            victim.start()
        for victim in started:
            _see_die(victim)

    def relay(self, step: Step) -> None:
        args = self.environment, step, self.clock.by
        victim = self.processes.Process(target=victims.relay, args=args)
        victim.start()
        _see_die(victim)


def _see_die(victim: BaseProcess) -> None:
    victim.join(DEATH_S)
    exitcode = victim.exitcode
    if exitcode is None:
        victim.kill()
        victim.join()
    victim.close()
    assert exitcode == -signal.SIGKILL


@pytest.fixture(scope="session")
def moto(moto_over_http: DynamoDBClient) -> DynamoDBClient:
    return moto_over_http


@pytest.fixture
def clock(convoy: Convoy) -> Ahead:
    ahead = Ahead()
    convoy.clock.read = ahead.now
    return ahead


@pytest.fixture
def todo_service(dynamodb: DynamoDBClient, publisher: ConvoyPublisher, clock: Ahead) -> TodoService:
    delivery = OutboxDelivery(publisher, make_outbox(dynamodb), clock.now, lambda: 1.0)
    return make_service(
        dynamodb,
        publisher,
        delivery=delivery,
        clock=clock.now,
        new_event_id=clients.new_event_id,
    )


@pytest.fixture
def relay(
    dynamodb: DynamoDBClient, publisher: ConvoyPublisher, questions: Questions, clock: Ahead
) -> Relay:
    """One that lives on when others die."""
    deliveries = ConvoyDeliveries(questions)
    return make_relay(dynamodb, publisher, questions, clock.now, deliveries=deliveries)


@pytest.fixture
def world(
    client: TestClient,
    dynamodb: DynamoDBClient,
    convoy: Convoy,
    receiver: Receiver,
    outbox: Outbox,
    relay: Relay,
    clock: Ahead,
) -> World:
    receiver.subscribe(OWNER)
    return World(client, dynamodb, convoy, receiver, outbox, relay, clock)


@pytest.fixture
def environment(dynamodb_url: str, dynamodb: DynamoDBClient, convoy: Convoy) -> dict[str, str]:
    """Of a process of the app."""
    aws = {
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url,
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    return deployment(convoy, OWNER) | aws


@pytest.fixture
def crash(processes: ForkServerContext, environment: dict[str, str], clock: Ahead) -> Crash:
    return Crash(processes, environment, clock)
