"""The tests' API and relay share DynamoDB and Convoy, over HTTP, with processes that are killed."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from app.convoy.deliveries import ConvoyDeliveries
from app.outbox.request_attempt import OutboxDelivery
from app.wiring.clock import new_event_id
from tests.components import TodoService, make_relay, make_service
from tests.integration.faults import killed_processes
from tests.integration.faults.world import CrashWorld, ShiftedClock
from tests.stand_in import deployment
from tests.support import OWNER
from tests.tables import make_outbox

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext
    from multiprocessing.process import BaseProcess

    from mypy_boto3_dynamodb import DynamoDBClient
    from starlette.testclient import TestClient

    from app.convoy.publisher import ConvoyPublisher
    from app.convoy.questions import Questions
    from app.outbox.relay import Relay
    from tests.integration.faults.killed_processes import Call, Environment, Step
    from tests.receiver import Receiver
    from tests.stand_in import Convoy
    from tests.tables import Outbox

DEATH_S = 30.0
"""Seconds to wait for a process to die; it takes a fraction of one."""


@dataclass(frozen=True)
class Crash:
    """Starts processes that kill themselves at a step, and checks that they did."""

    processes: ForkServerContext
    environment: Environment
    clock: ShiftedClock

    def api(self, step: Step, calls: list[Call]) -> None:
        """Start a process for each call, all at once."""
        started = [
            self.processes.Process(
                target=killed_processes.serve, args=(self.environment, step, self.clock.by, call)
            )
            for call in calls
        ]
        for process in started:
            process.start()
        for process in started:
            _wait_for_death(process)

    def relay(self, step: Step) -> None:
        args = self.environment, step, self.clock.by
        process = self.processes.Process(target=killed_processes.relay, args=args)
        process.start()
        _wait_for_death(process)


def _wait_for_death(process: BaseProcess) -> None:
    process.join(DEATH_S)
    exitcode = process.exitcode
    if exitcode is None:
        process.kill()
        process.join()
    process.close()
    assert exitcode == -signal.SIGKILL


@pytest.fixture(scope="session")
def moto(moto_over_http: DynamoDBClient) -> DynamoDBClient:
    return moto_over_http


@pytest.fixture
def clock(convoy: Convoy) -> ShiftedClock:
    ahead = ShiftedClock()
    convoy.clock.read = ahead.now
    return ahead


@pytest.fixture
def todo_service(
    dynamodb: DynamoDBClient, publisher: ConvoyPublisher, clock: ShiftedClock
) -> TodoService:
    delivery = OutboxDelivery(publisher, make_outbox(dynamodb), clock.now, lambda: 1.0)
    return make_service(
        dynamodb,
        publisher,
        delivery=delivery,
        clock=clock.now,
        new_event_id=new_event_id,
    )


@pytest.fixture
def relay(
    dynamodb: DynamoDBClient, publisher: ConvoyPublisher, questions: Questions, clock: ShiftedClock
) -> Relay:
    """A relay of the test's own process, which is not killed."""
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
    clock: ShiftedClock,
) -> CrashWorld:
    receiver.subscribe(OWNER)
    return CrashWorld(client, dynamodb, convoy, receiver, outbox, relay, clock)


@pytest.fixture
def environment(dynamodb_url: str, dynamodb: DynamoDBClient, convoy: Convoy) -> dict[str, str]:
    """The environment of a process of the app."""
    aws = {
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url,
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    return deployment(convoy, OWNER) | aws


@pytest.fixture
def crash(processes: ForkServerContext, environment: dict[str, str], clock: ShiftedClock) -> Crash:
    return Crash(processes, environment, clock)
