"""Whatever the fault of Convoy: the change is made, and its event arrives later."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from app.http import application
from app.outbox.backoff import FIRST_PAUSE_S, MAX_PAUSE_S
from app.outbox.breaker import Breaker
from app.outbox.relay_attempts import MAX_REFUSALS
from app.outbox.request_attempt import OutboxDelivery
from app.outbox.rows import FAILED, WAITING
from tests.components import make_publisher, make_questions, make_relay, make_service
from tests.integration.faults.faulty import FAULTS
from tests.raw_server import raw_server
from tests.support import GRACE, NOW, OWNER
from tests.tables import make_outbox

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.publisher import ConvoyPublisher
    from app.convoy.questions import Questions
    from app.outbox.outcomes import Publisher
    from app.outbox.relay_run import Report
    from app.outbox.rows import Row
    from tests.integration.faults.faulty import ConvoyFault
    from tests.receiver import Receiver
    from tests.stand_in import Convoy
    from tests.tables import Outbox

PAUSE = timedelta(seconds=FIRST_PAUSE_S, milliseconds=-1)
"""The shortest pause of a row, in DynamoDB's whole milliseconds."""

PUBLISHING = "/events/fanout"


@dataclass
class Relays:
    """Runs relays that reach Convoy, and others that do not, all with Convoy's clock."""

    dynamodb: DynamoDBClient
    convoy: Convoy
    publisher: ConvoyPublisher
    questions: Questions
    receiver: Receiver
    outbox: Outbox
    now: datetime = NOW

    def run(self, publisher: Publisher | None = None, questions: Questions | None = None) -> Report:
        """Run one pass."""
        convoy = publisher or self.publisher, questions or self.questions
        return make_relay(self.dynamodb, *convoy, lambda: self.now).run()

    def settle(self) -> None:
        """Run two passes, each when every row is due: one publishes, one finds all handled."""
        for _ in range(2):
            self.now += timedelta(seconds=MAX_PAUSE_S)
            self.run()
            self.convoy.wait_for_worker()
        assert self.outbox.event_ids() == []

    def assert_each_event_once(self) -> None:
        events = ["event-1", "event-2", "event-3"]
        fresh = [event for event in self.convoy.events() if not event["is_duplicate_event"]]
        assert sorted(event["idempotency_key"] for event in fresh) == events
        assert self.receiver.times() == Counter(events)
        assert self.receiver.todos(OWNER) == []


@pytest.fixture
def relays(
    dynamodb: DynamoDBClient,
    convoy: Convoy,
    publisher: ConvoyPublisher,
    questions: Questions,
    receiver: Receiver,
    outbox: Outbox,
) -> Relays:
    relays = Relays(dynamodb, convoy, publisher, questions, receiver, outbox)
    convoy.clock.read = lambda: relays.now
    receiver.subscribe(OWNER)
    return relays


@contextmanager
def client_of(dynamodb: DynamoDBClient, publisher: Publisher) -> Iterator[TestClient]:
    """The API with its breaker."""
    breaker = Breaker(publisher, lambda: 0.0, lambda: 0.0)
    delivery = OutboxDelivery(breaker, make_outbox(dynamodb), lambda: NOW, lambda: 1.0)
    service = make_service(dynamodb, publisher, delivery=delivery)
    with TestClient(application.build([service], lambda _: OWNER)) as client:
        yield client


@contextmanager
def failing(fault: ConvoyFault, convoy: Convoy) -> Iterator[Publisher]:
    with (
        fault.serve(convoy, path=PUBLISHING) as url,
        closing(make_publisher(url, deadline_s=fault.deadline_s)) as publisher,
    ):
        yield publisher


@contextmanager
def failing_altogether(fault: ConvoyFault, convoy: Convoy) -> Iterator[tuple[Publisher, Questions]]:
    with ExitStack() as stack:
        url, deadline_s = stack.enter_context(fault.serve(convoy)), fault.deadline_s
        publisher = stack.enter_context(closing(make_publisher(url, deadline_s=deadline_s)))
        questions = stack.enter_context(closing(make_questions(url, deadline_s=deadline_s)))
        yield publisher, questions


def changes(client: TestClient) -> list[str]:
    """Create, update and delete a todo; gives the `Webhook-Status` of each event."""
    answers = [
        client.post("/todo", json={"id": 1, "item": "one"}),
        client.put("/todo/1", json={"item": "uno"}),
        client.delete("/todo/1"),
    ]
    assert [answer.status_code for answer in answers] == [201, 200, 200]
    return [answer.headers["webhook-status"] for answer in answers]


@pytest.mark.parametrize("fault", FAULTS)
def test_however_convoy_fails_changes_succeed_and_events_arrive_later(
    relays: Relays, fault: str
) -> None:
    with (
        failing(FAULTS[fault], relays.convoy) as failed,
        client_of(relays.dynamodb, failed) as client,
    ):
        assert changes(client) == ["pending"] * 3

    relays.settle()
    relays.assert_each_event_once()


OFTEN = 5
"""Passes in an outage: none of them counts towards parking a row."""

NOT_TAKEN = [name for name in FAULTS if name != "answer lost"]


@pytest.mark.parametrize("fault", NOT_TAKEN)
def test_however_convoy_fails_the_relay_keeps_each_event(relays: Relays, fault: str) -> None:
    with failing(FAULTS[fault], relays.convoy) as failed:
        with client_of(relays.dynamodb, failed) as client:
            changes(client)
        for _ in range(MAX_REFUSALS if FAULTS[fault].refuses else OFTEN):
            assert_a_pass_keeps_all(relays, failed, FAULTS[fault])
    left = relays.outbox.rows()
    assert {row.state for row in left} == {FAILED if FAULTS[fault].refuses else WAITING}

    relays.now = latest(left)
    relays.outbox.redrive_all(relays.now)
    relays.settle()
    relays.assert_each_event_once()


def assert_a_pass_keeps_all(relays: Relays, failed: Publisher, fault: ConvoyFault) -> None:
    """Run a pass when all rows are due: each is tried, and postponed or parked."""
    seen = relays.outbox.rows()
    relays.now = latest(seen)

    report = relays.run(failed)

    kept = relays.outbox.rows()
    parked = [row for row in kept if row.state == FAILED]
    assert (report.settled, report.published, report.stopped) == (0, 0, None)
    assert (report.pending, report.failed) == (3 - len(parked), len(parked))
    for before, row in zip(seen, kept, strict=True):
        assert row.attempts == before.attempts + 1
        assert re.match(fault.reason, row.reason)
        assert row in parked or row.due_at >= relays.now + PAUSE
        assert row.event == before.event


@pytest.mark.parametrize("fault", FAULTS)
def test_without_answers_from_convoy_each_row_stays_as_it_is(relays: Relays, fault: str) -> None:
    with failing_altogether(FAULTS[fault], relays.convoy) as (publisher, questions):
        with client_of(relays.dynamodb, publisher) as client:
            changes(client)
        seen = relays.outbox.rows()
        for _ in range(OFTEN):
            relays.now += GRACE
            report = relays.run(publisher, questions)
            assert report.stopped
            assert (report.pending, report.failed) == (3, 0)
        assert relays.outbox.rows() == seen

    relays.settle()
    relays.assert_each_event_once()


def latest(rows: list[Row]) -> datetime:
    return max(row.due_at for row in rows)


def test_after_a_lost_201_the_event_is_found_and_not_sent_again(relays: Relays) -> None:
    with (
        failing(FAULTS["answer lost"], relays.convoy) as failed,
        client_of(relays.dynamodb, failed) as client,
    ):
        client.post("/todo", json={"id": 1, "item": "one"})
    relays.convoy.wait_for_worker()
    relays.settle()

    assert [event["idempotency_key"] for event in relays.convoy.events()] == ["event-1"]


def test_an_event_sent_again_after_a_lost_201_is_a_duplicate(
    relays: Relays,
) -> None:
    """Convoy's worker has not stored the first publish yet."""
    relays.convoy.stop_worker("intake")
    with (
        failing(FAULTS["answer lost"], relays.convoy) as failed,
        client_of(relays.dynamodb, failed) as client,
    ):
        client.post("/todo", json={"id": 1, "item": "one"})
    relays.now += GRACE
    relays.run()
    relays.convoy.start_worker()
    relays.settle()

    events = relays.convoy.events()
    assert [event["idempotency_key"] for event in events] == ["event-1", "event-1"]
    assert [event["is_duplicate_event"] for event in events] == [False, True]
    assert relays.receiver.times() == {"event-1": 1}


def test_after_one_timeout_the_next_changes_do_not_try(
    dynamodb: DynamoDBClient, convoy: Convoy
) -> None:
    tries = 0

    def count(connection: socket.socket) -> None:
        nonlocal tries
        tries += 1

    black_hole = replace(FAULTS["black hole"], serve=lambda *_, **__: raw_server(count))
    with failing(black_hole, convoy) as failed, client_of(dynamodb, failed) as client:
        for _ in range(5):
            assert changes(client) == ["pending"] * 3
    assert tries == 1
