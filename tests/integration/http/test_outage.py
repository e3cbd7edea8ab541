"""Three minutes of outage, by the test's clock: what clients see, and which events arrive."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from app.http import application
from app.outbox.backoff import MAX_PAUSE_S
from app.outbox.breaker import MAX_OPEN_S, OPEN_S, Breaker
from app.outbox.request_attempt import OutboxDelivery
from tests.components import make_publisher, make_questions, make_relay, make_service
from tests.integration.faults.faulty import FAULTS
from tests.support import NOW, OWNER
from tests.tables import make_outbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.publisher import ConvoyPublisher
    from app.convoy.questions import Questions
    from app.domain.events import Event
    from app.outbox.outcomes import Outcome, Publisher
    from app.outbox.relay_run import Report
    from tests.receiver import Receiver
    from tests.stand_in import Convoy
    from tests.tables import Outbox

    Fact = tuple[str, int, int]

MINUTE = timedelta(minutes=1)
OUTAGE = 3 * MINUTE
EVERY = timedelta(seconds=2.5)
"""The time between changes. The breaker stays open for twice as long."""

RECOVERY = timedelta(seconds=MAX_PAUSE_S) + 3 * MINUTE
"""The longest pause of a row, and the passes that publish and settle its event."""


@dataclass
class Deployment:
    """The API with its breaker, and a relay that runs each minute.

    `attempts`: when the API tried to publish, in seconds. A test replaces `convoy` and `questions`
    when the outage ends.
    """

    dynamodb: DynamoDBClient
    stand_in: Convoy
    convoy: Publisher
    questions: Questions
    now: datetime = NOW
    attempts: list[float] = field(default_factory=list)
    committed: dict[str, Fact] = field(default_factory=dict)

    def __post_init__(self) -> None:
        delivery = OutboxDelivery(
            Breaker(self, self.seconds, lambda: 0.0),
            make_outbox(self.dynamodb),
            lambda: self.now,
            lambda: 1.0,
        )
        service = make_service(self.dynamodb, self, delivery=delivery, clock=lambda: self.now)
        self._api = TestClient(application.build([service], lambda _: OWNER))

    def seconds(self) -> float:
        return (self.now - NOW).total_seconds()

    def publish(self, event: Event) -> Outcome:
        self.attempts.append(self.seconds())
        return self.convoy.publish(event)

    def change(self) -> str:
        """Create, update or delete a todo, in turn. Returns the webhook status."""
        todo_id, turn = divmod(len(self.committed), 3)
        path = f"/todo/{todo_id}"
        match turn:
            case 0:
                answer = self._api.post("/todo", json={"id": todo_id, "item": "one"})
                fact = ("created", todo_id, 1)
            case 1:
                answer = self._api.put(path, json={"item": "uno"})
                fact = ("updated", todo_id, 2)
            case _:
                answer = self._api.delete(path)
                fact = ("deleted", todo_id, 3)
        assert answer.is_success
        self.committed[answer.headers["webhook-id"]] = fact
        status: str = answer.headers["webhook-status"]
        return status

    def relay(self) -> Report:
        self.stand_in.wait_for_worker()
        return make_relay(self.dynamodb, self.convoy, self.questions, lambda: self.now).run()

    def minutes(self, length: timedelta) -> Iterator[None]:
        """Let the time pass in steps of EVERY, with a relay at the end of each minute."""
        for tick in range(1, length // EVERY + 1):
            yield
            self.now += EVERY
            if tick % (MINUTE // EVERY) == 0:
                self.relay()


@pytest.mark.parametrize(
    ("fault", "open_s"),
    [
        ("black hole", OPEN_S),
        ("503, come back in 120 s", MAX_OPEN_S),
        # The event may be the cause: the breaker stays closed.
        ("400", EVERY.total_seconds()),
        ("401", EVERY.total_seconds()),
    ],
)
def test_minutes_of_outage_cause_few_attempts_and_lose_no_event(
    dynamodb: DynamoDBClient,
    convoy: Convoy,
    outbox: Outbox,
    receiver: Receiver,
    publisher: ConvoyPublisher,
    questions: Questions,
    fault: str,
    open_s: float,
) -> None:
    receiver.subscribe(OWNER)
    deadline_s = FAULTS[fault].deadline_s
    with (
        FAULTS[fault].serve(convoy) as url,
        closing(make_publisher(url, deadline_s=deadline_s)) as failing,
        closing(make_questions(url, deadline_s=deadline_s)) as unanswered,
    ):
        deployment = Deployment(dynamodb, convoy, failing, unanswered)
        convoy.clock.read = lambda: deployment.now
        statuses = [deployment.change() for _ in deployment.minutes(OUTAGE)]

    assert statuses == ["pending"] * (OUTAGE // EVERY)
    assert deployment.attempts == [n * open_s for n in range(int(OUTAGE.total_seconds() / open_s))]
    assert outbox.event_ids() == sorted(deployment.committed)
    assert convoy.events() == []

    deployment.convoy, deployment.questions = publisher, questions
    assert [deployment.change() for _ in range(3)] == ["accepted"] * 3
    for _ in deployment.minutes(RECOVERY):
        pass
    assert outbox.event_ids() == []
    assert facts_of(convoy) == deployment.committed
    assert receiver.times() == Counter([*deployment.committed])


def facts_of(convoy: Convoy) -> dict[str, Fact]:
    """The events that Convoy has, by key; each once."""
    events = convoy.events()
    facts = {
        event["idempotency_key"]: (
            event["event_type"],
            event["data"]["todo"]["id"],
            event["data"]["todo"]["version"],
        )
        for event in events
    }
    assert len(facts) == len(events)
    return facts
