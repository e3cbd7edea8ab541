"""Relays that run beside each other and beside requests: each event is received once."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, cast

import pytest

from app.domain.event_ids import uuid7
from app.domain.service import Committed
from app.outbox.event_list import Shown
from app.outbox.outcomes import Refused, Unavailable
from app.outbox.relay_run import Report
from tests.components import TodoService, make_relay, make_service
from tests.integration.races.racing import ON_DYNAMODB_LOCAL, RACERS, ROUNDS, START_S, of, race
from tests.support import GRACE, NOW, OWNER
from tests.todo import MAX_ITEM_LENGTH, TODO, Todo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.publisher import ConvoyPublisher
    from app.convoy.questions import Questions
    from app.domain.events import Event
    from app.outbox.event_list import EventList
    from app.outbox.relay import Relay
    from tests.receiver import Receiver
    from tests.stand_in import Convoy
    from tests.tables import Outbox, TodoStore

pytestmark = ON_DYNAMODB_LOCAL

LONG = "\x01" * MAX_ITEM_LENGTH
"""60 kB of JSON: about twenty such rows fill a page of the outbox."""

ROWS = 50

A_MINUTE = timedelta(seconds=61)


class UnreachableConvoy:
    """A publisher that does not reach Convoy."""

    def publish(self, event: Event) -> Unavailable:
        return Unavailable("down")


@dataclass(frozen=True)
class RefusingConvoy:
    """A publisher whose events Convoy refuses, once `when` is set."""

    when: threading.Event

    def publish(self, event: Event) -> Refused:
        assert self.when.wait(START_S)
        return Refused("not so")


@dataclass(frozen=True)
class EmptyList:
    """A list of Convoy's that is up to date, and shows no event of the rows.

    It sets `asked`, when the relay has read its rows.
    """

    now: datetime
    asked: threading.Event

    def between(self, start: datetime, end: datetime) -> Iterator[list[Shown]]:
        yield []

    def under(self, key: str, since: datetime) -> list[Shown]:
        return []

    def newest(self) -> list[Shown]:
        self.asked.set()
        return [Shown("u", uuid7(self.now, 0), "Success", self.now, self.now)]


@dataclass
class Relays:
    """Makes relays that go by one clock, as Convoy does."""

    client: DynamoDBClient
    publisher: ConvoyPublisher
    questions: Questions
    convoy: Convoy
    receiver: Receiver
    now: datetime = NOW + GRACE

    def one(self) -> Relay:
        return make_relay(self.client, self.publisher, self.questions, lambda: self.now)

    def pass_until_empty(self, outbox: Outbox) -> None:
        """Run passes, two at once, a minute apart, until the outbox is empty."""
        for _ in range(10):
            self.now += A_MINUTE
            self.convoy.wait_for_worker()
            reports = of(Report, race([self.one().run] * 2))
            assert [report.stopped for report in reports] == [None, None]
            if not outbox.event_ids():
                break
        assert outbox.event_ids() == []
        self.convoy.wait_for_worker()


@pytest.fixture
def relays(
    dynamodb: DynamoDBClient,
    publisher: ConvoyPublisher,
    questions: Questions,
    convoy: Convoy,
    receiver: Receiver,
) -> Relays:
    relays = Relays(dynamodb, publisher, questions, convoy, receiver)
    convoy.clock.read = lambda: relays.now
    receiver.subscribe(OWNER)
    return relays


@pytest.fixture
def left(store: TodoStore) -> set[str]:
    """The ids of events that requests left in the outbox: several pages of rows."""
    ids = [uuid7(NOW, number) for number in range(ROWS)]
    for todo_id, event_id in enumerate(ids):
        todo = Todo(OWNER, todo_id, LONG)
        store.commit(TODO.create(todo, now=NOW, event_id=event_id))
    return set(ids)


@contextmanager
def relay_in_a_loop(relay: Relay) -> Iterator[list[Report]]:
    """Run the relay again and again in a thread, at least once; gives the reports of its runs."""
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
    """Make rounds of concurrent requests; gives the ids of their events."""

    def create(todo_id: int) -> Committed:
        return service.create(OWNER, todo_id, {"item": "one"})

    events = set()
    for first in range(0, RACERS * ROUNDS, RACERS):
        outcomes = race([partial(create, first + racer) for racer in range(RACERS)])
        events |= {committed.event_id for committed in of(Committed, outcomes)}
    assert len(events) == RACERS * ROUNDS
    return events


def arrivals(convoy: Convoy) -> Counter[str]:
    """How often each event came to Convoy, duplicates included, once its worker is done."""
    convoy.wait_for_worker()
    return Counter(event["idempotency_key"] for event in convoy.events())


def test_with_two_relays_at_once_every_event_is_received_once(
    relays: Relays, outbox: Outbox, left: set[str]
) -> None:
    race([relays.one().run] * 2)
    assert max(arrivals(relays.convoy).values()) <= 2
    relays.pass_until_empty(outbox)

    assert relays.receiver.times() == Counter(left)
    assert max(arrivals(relays.convoy).values()) <= 2


def test_a_refusal_of_two_relays_at_once_is_counted_once(
    relays: Relays, outbox: Outbox, left: set[str]
) -> None:
    relays.convoy.fail(status=400, path="/events/fanout")

    race([relays.one().run] * 2)

    rows = outbox.rows()
    assert {row.event.id for row in rows} == left
    assert {(row.attempts, row.refusals) for row in rows} == {(1, 1)}


def test_a_failing_relay_brings_back_no_row_that_another_settled(
    relays: Relays, outbox: Outbox, left: set[str]
) -> None:
    for row in outbox.rows():
        relays.publisher.publish(row.event)
    relays.convoy.wait_for_worker()
    read, gone = threading.Event(), threading.Event()
    relay, empty = relays.one(), cast("EventList", EmptyList(relays.now, read))
    attempts = replace(relay.attempts, publisher=RefusingConvoy(gone), events=empty)
    failing = replace(relay, attempts=attempts, events=empty)

    def settle() -> Report:
        assert read.wait(START_S)
        report = relay.run()
        gone.set()
        return report

    failed, settled = of(Report, race([failing.run, settle]))

    assert (failed.settled, settled.settled) == (0, len(left))
    assert outbox.event_ids() == []


def test_a_relay_leaves_the_events_of_running_requests_alone(
    relays: Relays, outbox: Outbox
) -> None:
    relays.now = NOW
    with relay_in_a_loop(relays.one()) as reports:
        events = create_many(make_service(relays.client, relays.publisher))

    assert arrivals(relays.convoy) == Counter(events)
    assert {(report.published, report.settled) for report in reports} == {(0, 0)}
    relays.pass_until_empty(outbox)
    assert relays.receiver.times() == Counter(events)


def test_a_relay_beside_running_requests_delivers_each_event_once(
    relays: Relays, outbox: Outbox
) -> None:
    with relay_in_a_loop(relays.one()):
        events = create_many(make_service(relays.client, relays.publisher))

    assert max(arrivals(relays.convoy).values()) <= 2
    relays.pass_until_empty(outbox)
    assert relays.receiver.times() == Counter(events)


def test_a_relay_delivers_once_each_event_that_requests_could_not(
    relays: Relays, outbox: Outbox
) -> None:
    with relay_in_a_loop(relays.one()):
        events = create_many(make_service(relays.client, UnreachableConvoy()))
    relays.pass_until_empty(outbox)

    assert relays.receiver.times() == Counter(events)
