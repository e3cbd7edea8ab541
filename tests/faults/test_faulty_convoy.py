"""A Convoy that fails in every way it can: the change is made, and its event arrives afterwards."""

from __future__ import annotations

import re
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from app import api
from app.outbox.breaker import Breaker
from app.outbox.delivery import OutboxDelivery
from app.outbox.relay import FIRST_PAUSE_S, MAX_REFUSALS, Relay
from app.outbox.rows import FAILED, WAITING
from tests.faults.faulty import FAULTS
from tests.support import (
    GRACE,
    NOW,
    OWNER,
    make_outbox,
    make_publisher,
    make_service,
    raw_server,
)

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.publisher import ConvoyPublisher
    from app.outbox.outcomes import Publisher
    from app.outbox.relay_run import Report
    from app.outbox.rows import Row
    from tests.faults.faulty import Fault
    from tests.support import Convoy, Outbox

DUE = NOW + GRACE
PAUSE = timedelta(seconds=FIRST_PAUSE_S, milliseconds=-1)
"""What a row is put off by at the least, as DynamoDB's whole milliseconds have it."""


@contextmanager
def client_of(dynamodb: DynamoDBClient, publisher: Publisher) -> Iterator[TestClient]:
    """The API with its breaker."""
    delivery = OutboxDelivery(Breaker(publisher, lambda: 0.0, lambda: 0.0), make_outbox(dynamodb))
    service = make_service(dynamodb, publisher, delivery=delivery)
    with TestClient(api.build(service, lambda _: OWNER)) as client:
        yield client


@contextmanager
def failing(fault: Fault, convoy: Convoy) -> Iterator[Publisher]:
    with (
        fault.serve(convoy) as url,
        closing(make_publisher(url, deadline_s=fault.deadline_s)) as publisher,
    ):
        yield publisher


def relay(dynamodb: DynamoDBClient, publisher: Publisher, now: datetime = DUE) -> Report:
    """One pass."""
    return Relay(publisher, make_outbox(dynamodb), lambda: now, lambda: 1.0).run()


def changes(client: TestClient) -> list[str]:
    """A creation, an update and a deletion; gives what each says of its event."""
    answers = [
        client.post("/todo", json={"id": 1, "item": "one"}),
        client.put("/todo/1", json={"item": "uno"}),
        client.delete("/todo/1"),
    ]
    assert [answer.status_code for answer in answers] == [201, 200, 200]
    return [answer.headers["webhook-status"] for answer in answers]


@pytest.mark.parametrize("fault", FAULTS)
def test_however_convoy_fails_changes_succeed_and_events_arrive_later(
    dynamodb: DynamoDBClient,
    convoy: Convoy,
    outbox: Outbox,
    publisher: ConvoyPublisher,
    fault: str,
) -> None:
    with failing(FAULTS[fault], convoy) as failed, client_of(dynamodb, failed) as client:
        assert changes(client) == ["pending"] * 3

    assert relay(dynamodb, publisher).delivered == 3
    assert_each_event_once(convoy, outbox)


OFTEN = 5
"""Passes, of outages: none of them brings a row nearer to being parked."""


@pytest.mark.parametrize("fault", FAULTS)
def test_however_convoy_fails_the_relay_keeps_each_event_until_it_gets_through(
    dynamodb: DynamoDBClient,
    convoy: Convoy,
    outbox: Outbox,
    publisher: ConvoyPublisher,
    fault: str,
) -> None:
    with failing(FAULTS[fault], convoy) as failed:
        with client_of(dynamodb, failed) as client:
            changes(client)
        for _ in range(MAX_REFUSALS if FAULTS[fault].refuses else OFTEN):
            assert_a_pass_keeps_all(dynamodb, outbox, failed, FAULTS[fault])
    left = outbox.rows()
    assert {row.state for row in left} == {FAILED if FAULTS[fault].refuses else WAITING}

    now = latest(left)
    outbox.redrive_all(now)
    assert relay(dynamodb, publisher, now).delivered == 3
    assert_each_event_once(convoy, outbox)


def assert_a_pass_keeps_all(
    dynamodb: DynamoDBClient, outbox: Outbox, failed: Publisher, fault: Fault
) -> None:
    """When all rows are due: some are tried and put off or parked, the others are as they were."""
    seen = outbox.rows()
    now = latest(seen)

    report = relay(dynamodb, failed, now)

    kept = outbox.rows()
    parked = [row for row in kept if row.state == FAILED]
    tried = [(before, row) for before, row in zip(seen, kept, strict=True) if row != before]
    assert (report.delivered, report.pending, report.failed) == (0, 3 - len(parked), len(parked))
    assert (report.stopped is None) == fault.refuses
    assert tried
    for before, row in tried:
        assert row.attempts == before.attempts + 1
        assert re.match(fault.reason, row.reason)
        assert row in parked or row.due_at >= now + PAUSE
        assert row.event == before.event


def latest(rows: list[Row]) -> datetime:
    return max(row.due_at for row in rows)


def test_a_201_that_got_lost_is_sent_again_under_its_key_and_convoy_knows_it(
    dynamodb: DynamoDBClient, convoy: Convoy, outbox: Outbox, publisher: ConvoyPublisher
) -> None:
    with failing(FAULTS["answer lost"], convoy) as failed, client_of(dynamodb, failed) as client:
        client.post("/todo", json={"id": 1, "item": "one"})
    relay(dynamodb, publisher)

    events = convoy.events()
    assert [event["idempotency_key"] for event in events] == ["event-1", "event-1"]
    assert [event["is_duplicate_event"] for event in events] == [False, True]
    assert outbox.event_ids() == []


def test_of_a_black_hole_one_change_finds_out_and_the_next_do_not_try(
    dynamodb: DynamoDBClient, convoy: Convoy
) -> None:
    tries = 0

    def count(connection: socket.socket) -> None:
        nonlocal tries
        tries += 1

    black_hole = replace(FAULTS["black hole"], serve=lambda _: raw_server(count))
    with failing(black_hole, convoy) as failed, client_of(dynamodb, failed) as client:
        for _ in range(5):
            assert changes(client) == ["pending"] * 3
    assert tries == 1


def assert_each_event_once(convoy: Convoy, outbox: Outbox) -> None:
    fresh = [event for event in convoy.events() if not event["is_duplicate_event"]]
    assert sorted(event["idempotency_key"] for event in fresh) == [
        "event-1",
        "event-2",
        "event-3",
    ]
    assert outbox.event_ids() == []
