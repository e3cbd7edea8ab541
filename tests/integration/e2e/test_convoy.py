"""From a change to its webhook: through the stand-in, and through the Convoy in the environment.

    CONVOY_E2E_URL=http://localhost:5005/api CONVOY_E2E_API_KEY=… CONVOY_E2E_PROJECT_ID=… \\
        .venv/bin/pytest tests/integration/e2e/test_convoy.py

CONVOY_E2E_RECEIVER_HOST is this machine's name for that Convoy (default 127.0.0.1; in Docker
host.docker.internal). The tests wait CONVOY_E2E_WAIT_S (120) seconds for retries.
"""

from __future__ import annotations

import json
import os
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from app.cli.main import cli
from app.convoy.api_key import ApiKey
from app.domain.events import envelope
from app.http import application
from app.outbox.outcomes import Accepted
from app.wiring.clock import new_event_id, now
from examples.receiver import verified
from infra.fake_convoy import application as stand_in
from infra.fake_convoy import server
from infra.fake_convoy.deliveries import Backoff
from infra.fake_convoy.project import API_KEY, PROJECT_ID
from tests.components import make_publisher, make_service
from tests.integration.e2e.receiving import LOOPBACK, Receiver, receiving, until
from tests.stand_in import named_convoy
from tests.todo import TODO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.publisher import ConvoyPublisher
    from app.domain.events import Event
    from tests.support import JsonObject

WAIT_S = float(os.environ.get("CONVOY_E2E_WAIT_S", "120"))


@dataclass(frozen=True)
class ConvoyAccess:
    url: str
    api_key: str
    project_id: str
    receiver_host: str = LOOPBACK

    def publisher(self) -> ConvoyPublisher:
        return make_publisher(
            self.url, project_id=self.project_id, api_key=ApiKey(self.api_key), clock=now
        )


@pytest.fixture(scope="module", params=["stand-in", "named"])
def convoy(request: pytest.FixtureRequest) -> Iterator[ConvoyAccess]:
    if request.param == "stand-in":
        with server.running(stand_in.build(backoff=Backoff(0.01))) as url:
            yield ConvoyAccess(f"{url}/api", API_KEY, PROJECT_ID)
        return
    host = os.environ.get("CONVOY_E2E_RECEIVER_HOST", LOOPBACK)
    yield ConvoyAccess(*named_convoy(), host)


@dataclass
class OwnerWorld:
    """A new owner with one endpoint, as `convoy setup` makes them."""

    convoy: ConvoyAccess
    receiver: Receiver
    publisher: ConvoyPublisher
    owner: str
    secret: str = ""

    def command(self, *arguments: str, code: int = 0) -> str:
        environment = {
            "CONVOY_API_KEY": self.convoy.api_key,
            "CONVOY_PROJECT_ID": self.convoy.project_id,
            "CONVOY_BASE_URL": self.convoy.url,
            "CONVOY_APP_ID": self.owner,
        }
        result = CliRunner().invoke(
            cli, ["convoy", *arguments], env=environment, catch_exceptions=False
        )
        assert result.exit_code == code, result.output
        return result.stdout

    def lines(self, *arguments: str) -> list[JsonObject]:
        return [json.loads(line) for line in self.command(*arguments, "--json").splitlines()]

    def publish(self) -> Event:
        event = self.event()
        assert self.publisher.publish(event) == Accepted()
        return event

    def event(self) -> Event:
        todo = {"id": 1, "item": "Größer <&> 中文 𝄞 \u2028", "completed": False, "version": 1}
        return envelope(
            TODO.events.created, event_id=str(uuid4()), owner=self.owner, now=now(), todo=todo
        )

    def arrived(self, key: str, times: int = 1) -> None:
        until(lambda: len(self.receiver.of(key)) >= times, seconds=WAIT_S)

    def delivery(self, key: str, status: str = "Success") -> JsonObject:
        """The delivery of an event, once it has this status."""
        until(lambda: self.lines("deliveries", "--event", key, "--status", status), seconds=WAIT_S)
        (found,) = self.lines("deliveries", "--event", key)
        return found


@pytest.fixture(scope="module")
def world(convoy: ConvoyAccess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnerWorld]:
    with (
        receiving(convoy.receiver_host) as receiver,
        closing(convoy.publisher()) as publisher,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.chdir(tmp_path_factory.mktemp("here"))  # a folder without .env
        world = OwnerWorld(convoy, receiver, publisher, owner=str(uuid4()))
        output = world.command("setup", "--url", receiver.url)
        settings = dict(line.split("=", 1) for line in output.splitlines())
        assert settings["CONVOY_APP_ID"] == world.owner
        world.secret = settings["CONVOY_ENDPOINT_SECRET"]
        yield world


def test_a_second_setup_changes_nothing(world: OwnerWorld) -> None:
    (report,) = world.lines("setup", "--url", world.receiver.url)

    assert (report["made"], report["changed"]) == ([], [])
    assert [each["url"] for each in world.lines("endpoints", "--owner", world.owner)] == [
        world.receiver.url
    ]


def test_six_event_types_arrive_signed_with_their_published_bytes(
    world: OwnerWorld, dynamodb: DynamoDBClient
) -> None:
    before = len(world.receiver.received)
    service = make_service(dynamodb, world.publisher, new_event_id=new_event_id, clock=now)
    with TestClient(application.build([service], lambda _: world.owner)) as client:
        client.get("/")
        client.post("/todo", json={"id": 1, "item": "Größer <&> 中文 𝄞"})
        client.put("/todo/1", json={"item": "Read the tests"})
        client.get("/todo")
        client.delete("/todo/1")
        client.delete("/todo/1")

    until(lambda: len(world.receiver.received) >= before + 6, seconds=WAIT_S)

    received = world.receiver.received[before:]
    payloads = [json.loads(each.body) for each in received]
    own = [of.event for of in TODO.events]
    assert sorted(payload["event"] for payload in payloads) == sorted(["ping", *own])
    for each, payload in zip(received, payloads, strict=True):
        signature = each.headers["x-convoy-signature"]
        assert verified(world.secret, each.body, signature, now().timestamp()), payload
        assert not verified(world.secret, each.body + b" ", signature, now().timestamp())
        assert each.key == payload["id"]
        assert each.headers["content-type"] == "application/json"
        compact = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
        assert each.body == compact.encode()


def test_an_event_published_again_under_its_key_is_delivered_once(world: OwnerWorld) -> None:
    event = world.publish()
    world.arrived(event.id)

    assert world.publisher.publish(event) == Accepted()
    later = world.publish()

    world.arrived(later.id)
    world.delivery(later.id)
    assert len(world.lines("deliveries", "--event", event.id)) == 1
    assert len(world.receiver.of(event.id)) == 1


def test_a_failed_attempt_is_retried_with_a_new_signature(world: OwnerWorld) -> None:
    world.receiver.failures = 2

    event = world.publish()

    world.arrived(event.id)
    delivery = world.delivery(event.id)
    assert delivery["attempts"] == 3
    attempts = world.lines("attempts", delivery["delivery_id"])
    answers = ["503 Service Unavailable", "503 Service Unavailable", "204 No Content"]
    assert [each["answer"] for each in attempts] == answers
    tries = [*world.receiver.refused, *world.receiver.of(event.id)]
    assert [each.headers["x-convoy-signature"] for each in tries] == [
        each["signature"] for each in attempts
    ]
    (arrived,) = world.receiver.of(event.id)
    signature = arrived.headers["x-convoy-signature"]
    assert verified(world.secret, arrived.body, signature, now().timestamp())


def test_a_delivery_is_sent_again_on_demand(world: OwnerWorld) -> None:
    event = world.publish()
    world.arrived(event.id)

    world.command("resend", world.delivery(event.id)["delivery_id"])

    world.arrived(event.id, times=2)
    first, second = world.receiver.of(event.id)
    assert (first.body, first.key) == (second.body, second.key)


def test_a_ping_reaches_the_receiver(world: OwnerWorld) -> None:
    (report,) = world.lines("ping")

    assert report["status"] == "Success"
    world.arrived(report["event_id"])
