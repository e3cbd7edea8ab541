"""A log for the tests of commands: events that were committed a while ago."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from app.domain.event_ids import uuid7
from app.domain.events import Event
from app.wiring.clock import now
from tests.integration.cli.shell import TODO_TEXT, run
from tests.tables import TABLES, make_log

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.stand_in import Convoy
    from tests.support import JsonObject


class EventLog:
    """Puts events into the log without a row in the outbox, as after the relay settled them."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client
        self._count = 0

    def event(
        self,
        owner: str = "ann",
        *,
        age_s: float = 600,
        item: str = TODO_TEXT,
        type: str = "created",  # noqa: A002  # as Event has it
        todo_id: int = 1,
    ) -> Event:
        self._count += 1
        at = now() - timedelta(seconds=age_s)
        data = {"todo": {"id": todo_id, "item": item}}
        event = Event(uuid7(at, self._count), owner, type, at, data)
        self._client.put_item(**make_log(self._client).put(event))
        return event

    def events(self, count: int, owner: str = "ann") -> list[Event]:
        return [self.event(owner) for _ in range(count)]

    def unreadable(self, age_s: float = 600) -> str:
        event_id = uuid7(now() - timedelta(seconds=age_s), 0)
        damaged = {"owner": {"S": "ann"}, "event_id": {"S": event_id}}
        self._client.put_item(TableName=TABLES["EventsTable"], Item=damaged)
        return event_id


def ids(events: list[Event]) -> list[str]:
    return sorted(event.id for event in events)


def run_relay(convoy: Convoy, count: int) -> None:
    """Run passes of the relay. After each, wait until Convoy has processed its events."""
    for _ in range(count):
        run("relay")
        convoy.deliveries()


def received(convoy: Convoy) -> list[str]:
    """The keys of the events that arrived at the receiver, one for each arrival."""
    return sorted(each["idempotency_key"] for each in convoy.deliveries(status="Success"))


def settled_in_convoy(convoy: Convoy, events: list[Event]) -> None:
    for event in events:
        body: JsonObject = {
            "owner_id": event.owner,
            "event_type": event.type,
            "data": dict(event.data),
        }
        convoy.ask("POST", "/events/fanout", json=body | {"idempotency_key": event.id})
    convoy.deliveries()
    assert {e["idempotency_key"] for e in convoy.events()} >= {event.id for event in events}


def ago(**span: float) -> str:
    """RFC 3339."""
    at: datetime = now() - timedelta(**span)
    return at.isoformat(timespec="seconds")
