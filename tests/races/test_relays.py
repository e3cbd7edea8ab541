"""Relays beside each other and beside requests: each event arrives, and at most twice."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pytest

from app import todos
from app.outbox.outcomes import Refused, Unavailable
from app.outbox.relay import Relay
from app.outbox.relay_run import Report
from app.service import Committed
from app.todos import MAX_ITEM_LENGTH, Todo
from tests.races.racing import ON_DYNAMODB_LOCAL, RACERS, ROUNDS, of, race
from tests.support import (
    GRACE,
    NOW,
    OWNER,
    Convoy,
    Outbox,
    TodoService,
    TodoStore,
    make_outbox,
    make_service,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.publisher import ConvoyPublisher
    from app.events import Event
    from app.outbox.outcomes import Publisher

pytestmark = ON_DYNAMODB_LOCAL

LONG = "\x01" * MAX_ITEM_LENGTH
"""Sixty kilobytes of JSON: some twenty fill a page of the outbox."""

ROWS = 50


class Down:
    """A Convoy that the requests do not reach."""

    def publish(self, event: Event) -> Unavailable:
        return Unavailable("down")


@dataclass(frozen=True)
class Deceptive:
    """A Convoy that takes each event and answers that it did not."""

    inner: Publisher

    def publish(self, event: Event) -> Refused:
        self.inner.publish(event)
        return Refused("not so")


def make_relay(client: DynamoDBClient, publisher: Publisher, now: datetime = NOW + GRACE) -> Relay:
    return Relay(publisher, make_outbox(client), clock=lambda: now, jitter=lambda: 1.0)


@pytest.fixture
def left(store: TodoStore) -> set[str]:
    """The events that requests left in the outbox: several pages of them."""
    for todo_id in range(ROWS):
        todo = Todo(OWNER, todo_id, LONG)
        store.commit(todos.create(todo, now=NOW, event_id=f"left-{todo_id}"))
    return {f"left-{todo_id}" for todo_id in range(ROWS)}


@contextmanager
def running(relay: Relay) -> Iterator[list[Report]]:
    """Run it over and over in a thread of its own, once at the least; gives the runs' reports."""
    reports: list[Report] = []
    stop = threading.Event()

    def run() -> None:
        reports.append(relay.run())
        while not stop.is_set():
            reports.append(relay.run())

    with ThreadPoolExecutor(1) as thread:
        runs = thread.submit(run)
        try:
            yield reports
        finally:
            stop.set()
        runs.result()


def create_many(service: TodoService) -> set[str]:
    """Rounds of concurrent requests; the ids of their events."""

    def create(todo_id: int) -> Committed:
        return service.create(OWNER, todo_id, {"item": "one"})

    events = set()
    for first in range(0, RACERS * ROUNDS, RACERS):
        outcomes = race([partial(create, first + racer) for racer in range(RACERS)])
        events |= {committed.event_id for committed in of(Committed, outcomes)}
    assert len(events) == RACERS * ROUNDS
    return events


def arrivals(convoy: Convoy) -> Counter[str]:
    return Counter(event["idempotency_key"] for event in convoy.events())


def test_two_relays_at_once_deliver_every_event_and_none_more_than_twice(
    dynamodb: DynamoDBClient,
    publisher: ConvoyPublisher,
    convoy: Convoy,
    outbox: Outbox,
    left: set[str],
) -> None:
    reports = of(Report, race([make_relay(dynamodb, publisher).run] * 2))

    arrived = arrivals(convoy)
    assert set(arrived) == left
    assert max(arrived.values()) <= 2
    assert sum(report.delivered for report in reports) == arrived.total()
    assert [(report.pending, report.failed, report.stopped) for report in reports] == [
        (0, 0, None)
    ] * 2
    assert outbox.event_ids() == []


def test_what_two_relays_are_refused_at_once_is_counted_once(
    dynamodb: DynamoDBClient, publisher: ConvoyPublisher, convoy: Convoy, left: set[str]
) -> None:
    convoy.fail(status=400)

    race([make_relay(dynamodb, publisher).run] * 2)

    rows = [row for page in make_outbox(dynamodb).pages() for row in page]
    assert {row.event.id for row in rows} == left
    assert {(row.attempts, row.refusals) for row in rows} == {(1, 1)}


def test_a_relay_that_fails_brings_back_no_row_that_another_delivered(
    dynamodb: DynamoDBClient, publisher: ConvoyPublisher, outbox: Outbox, left: set[str]
) -> None:
    failing = make_relay(dynamodb, Deceptive(publisher))

    _, report = of(Report, race([failing.run, make_relay(dynamodb, publisher).run]))

    assert len(outbox.event_ids()) == len(left) - report.delivered


def test_a_relay_leaves_requests_in_flight_to_themselves_for_the_grace(
    dynamodb: DynamoDBClient, publisher: ConvoyPublisher, convoy: Convoy, outbox: Outbox
) -> None:
    with running(make_relay(dynamodb, publisher, now=NOW)) as reports:
        events = create_many(make_service(dynamodb, publisher))

    assert arrivals(convoy) == Counter(events)
    assert {report.delivered for report in reports} == {0}
    assert outbox.event_ids() == []


def test_a_relay_that_overtakes_requests_in_flight_loses_no_event_and_repeats_it_once_at_most(
    dynamodb: DynamoDBClient, publisher: ConvoyPublisher, convoy: Convoy, outbox: Outbox
) -> None:
    with running(make_relay(dynamodb, publisher)):
        events = create_many(make_service(dynamodb, publisher))

    arrived = arrivals(convoy)
    assert set(arrived) == events
    assert max(arrived.values()) <= 2
    assert outbox.event_ids() == []


def test_a_relay_delivers_once_what_requests_beside_it_could_not(
    dynamodb: DynamoDBClient, publisher: ConvoyPublisher, convoy: Convoy, outbox: Outbox
) -> None:
    relay = make_relay(dynamodb, publisher)
    with running(relay):
        events = create_many(make_service(dynamodb, Down()))
    relay.run()

    assert arrivals(convoy) == Counter(events)
    assert outbox.event_ids() == []
