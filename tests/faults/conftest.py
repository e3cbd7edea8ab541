"""The tests' own API and relay share DynamoDB and Convoy, over HTTP, with processes that die."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app import wiring
from app.outbox.relay import Relay
from tests.faults import victims
from tests.faults.world import World
from tests.support import OWNER, TodoService, deployment, make_outbox, make_service

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext
    from multiprocessing.process import BaseProcess

    from mypy_boto3_dynamodb import DynamoDBClient
    from starlette.testclient import TestClient

    from app.convoy.publisher import ConvoyPublisher
    from tests.faults.victims import Call, Environment, Step
    from tests.support import Convoy, Outbox

DEATH_S = 30.0
"""Seconds that a victim has to die in; it takes a fraction of one."""


@dataclass(frozen=True)
class Crash:
    """Starts processes that die, and sees to it that they did."""

    processes: ForkServerContext
    environment: Environment

    def api(self, step: Step, calls: list[Call]) -> None:
        """A process for each call, all at once."""
        started = [
            self.processes.Process(target=victims.serve, args=(self.environment, step, call))
            for call in calls
        ]
        for victim in started:
            victim.start()
        for victim in started:
            _see_die(victim)

    def relay(self, step: Step) -> None:
        victim = self.processes.Process(target=victims.relay, args=(self.environment, step))
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
def todo_service(dynamodb: DynamoDBClient, publisher: ConvoyPublisher) -> TodoService:
    return make_service(dynamodb, publisher, clock=wiring.now, new_event_id=wiring.new_event_id)


@pytest.fixture
def relay(dynamodb: DynamoDBClient, publisher: ConvoyPublisher) -> Relay:
    """One that lives, a day after those that died."""
    return Relay(
        publisher,
        make_outbox(dynamodb),
        clock=lambda: victims.LATER + timedelta(days=1),
        jitter=lambda: 1.0,
    )


@pytest.fixture
def world(
    client: TestClient, dynamodb: DynamoDBClient, convoy: Convoy, outbox: Outbox, relay: Relay
) -> World:
    return World(client, dynamodb, convoy, outbox, relay)


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
def crash(processes: ForkServerContext, environment: dict[str, str]) -> Crash:
    return Crash(processes, environment)
