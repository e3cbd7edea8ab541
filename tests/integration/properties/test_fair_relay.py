"""Rows that a server refuses keep no other row waiting, and are parked while others get through."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest

from app.domain.event_ids import uuid7
from app.outbox.backoff import MAX_PAUSE_S
from app.outbox.relay import DELETES
from app.outbox.relay_attempts import MAX_REFUSALS
from app.outbox.rows import FAILED
from tests.components import make_publisher, make_relay
from tests.raw_server import raw_server
from tests.support import GRACE, NOW
from tests.tables import TABLES, make_outbox
from tests.todo import TODO, Todo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import WriteRequestTypeDef

    from app.convoy.publisher import ConvoyPublisher
    from app.convoy.questions import Questions
    from app.domain.events import Event
    from app.outbox.outcomes import Outcome, Publisher
    from app.outbox.relay import Relay
    from tests.receiver import Receiver
    from tests.stand_in import Convoy
    from tests.support import JsonObject
    from tests.tables import Outbox

BAD, GOOD = "<script>", "milk"

REJECTIONS: dict[str, JsonObject] = {
    "403 in HTML": {"status": 403, "body": "<p>", "headers": {"content-type": "text/html"}},
    "500": {"status": 500},
    "503": {"status": 503},
    "a hang": {},
}
"""A server's answers to a text that it rejects."""


@dataclass(frozen=True)
class HangsAtBadTexts:
    """Publishes bad texts to a server that hangs, until a short deadline."""

    hanging: Publisher
    publisher: Publisher

    def publish(self, event: Event) -> Outcome:
        is_bad = event.data["todo"]["item"] == BAD  # type: ignore[index]
        return (self.hanging if is_bad else self.publisher).publish(event)


@dataclass
class Outage:
    """An outage for one text only: other events get through to Convoy, which has the same clock."""

    dynamodb: DynamoDBClient
    convoy: Convoy
    outbox: Outbox
    receiver: Receiver
    relay: Relay = field(init=False)
    now: datetime = NOW
    numbers: Iterator[int] = field(default_factory=count)

    def leave(self, text: str, rows: int, owner: str) -> set[str]:
        """Add rows as of requests that were killed after their commits; gives the events' ids."""
        events = [self._event(text, owner) for _ in range(rows)]
        puts = [make_outbox(self.dynamodb).put(event) for event in events]
        for start in range(0, rows, DELETES):
            batch: list[WriteRequestTypeDef] = [
                {"PutRequest": {"Item": put["Item"]}} for put in puts[start : start + DELETES]
            ]
            self.dynamodb.batch_write_item(RequestItems={TABLES["OutboxTable"]: batch})
        return {event.id for event in events}

    def run(self, after: timedelta) -> None:
        """Run a pass, `after` the last one. Requests of others get through meanwhile."""
        self.now += after
        self.convoy.send(uuid7(self.now, next(self.numbers)), "somebody else")
        self.convoy.wait_for_worker()
        assert self.relay.run().stopped is None
        self.convoy.wait_for_worker()

    def published(self) -> set[str]:
        return {event["idempotency_key"] for event in self.convoy.events()}

    def waiting(self) -> set[str]:
        return set(self.outbox.event_ids())

    def _event(self, text: str, owner: str) -> Event:
        number = next(self.numbers)
        todo = Todo(owner, number, text)
        return TODO.create(todo, now=self.now, event_id=uuid7(self.now, number)).event


@pytest.fixture(params=REJECTIONS)
def outage(
    request: pytest.FixtureRequest,
    dynamodb: DynamoDBClient,
    convoy: Convoy,
    outbox: Outbox,
    receiver: Receiver,
    publisher: ConvoyPublisher,
    questions: Questions,
) -> Iterator[Outage]:
    outage = Outage(dynamodb, convoy, outbox, receiver)
    convoy.clock.read = lambda: outage.now
    chosen: Publisher
    with (
        raw_server(lambda _: None) as black_hole,
        closing(make_publisher(black_hole, deadline_s=0.05)) as hanging,
        closing(make_publisher(convoy.api, deadline_s=30.0)) as patient,
    ):
        if REJECTIONS[request.param]:
            convoy.fail(**REJECTIONS[request.param], containing=BAD)
            chosen = patient
        else:
            chosen = HangsAtBadTexts(hanging, patient)
        outage.relay = make_relay(dynamodb, chosen, questions, lambda: outage.now)
        yield outage


@pytest.mark.parametrize("other", ["ann", "bob"], ids=["same owner", "other owner"])
def test_refused_rows_keep_no_other_waiting(outage: Outage, other: str) -> None:
    refused = outage.leave(BAD, 40, "ann")
    others = outage.leave(GOOD, 100, other)

    outage.run(after=GRACE)
    assert outage.published() & (others | refused) == others
    outage.run(after=GRACE)

    assert outage.waiting() == refused


@pytest.mark.parametrize("outage", ["403 in HTML"], indirect=True)
def test_many_more_refused_rows_keep_no_other_waiting(outage: Outage) -> None:
    refused = outage.leave(BAD, 150, "ann")
    others = outage.leave(GOOD, 100, "bob")

    outage.run(after=GRACE)
    assert outage.published() & (others | refused) == others
    outage.run(after=GRACE)

    assert outage.waiting() == refused


def test_refused_rows_are_parked_while_others_get_through(outage: Outage) -> None:
    outage.receiver.subscribe("bob")
    refused, others = outage.leave(BAD, 3, "ann"), set[str]()
    for _ in range(MAX_REFUSALS + 2):
        others |= outage.leave(GOOD, 1, "bob")
        outage.run(after=timedelta(seconds=MAX_PAUSE_S))

    rows = {row.event.id: row for row in outage.outbox.rows()}
    assert {row.event.id for row in rows.values() if row.state == FAILED} == refused
    assert {rows[event].refusals for event in refused} == {MAX_REFUSALS}
    assert outage.receiver.times() == Counter(others)
