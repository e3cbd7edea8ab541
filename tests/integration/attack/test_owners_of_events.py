"""Two owners at the log's routes: neither reads the other's events, whatever it claims."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.event_ids import uuid7
from app.domain.events import Event
from app.wiring.clock import now
from tests.integration.attack.test_owners import CLAIMS, NO_EVENT, ODD_NAMES, OF_LOG, ask
from tests.tables import make_log

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.integration.attack.clients import AttackClient

LISTED = timedelta(minutes=5)
"""The age of events that are in the list for sure."""


def logged(dynamodb: DynamoDBClient, owner: str, at: datetime) -> Event:
    """An event in the log. Owners have the same id for the same time."""
    event_id = uuid7(at, 1)
    event = Event(event_id, owner, "created", at, {"id": event_id, "of": owner})
    dynamodb.put_item(**make_log(dynamodb).put(event))
    return event


def test_anothers_event_is_answered_like_a_missing_one(
    attacker: AttackClient, dynamodb: DynamoDBClient
) -> None:
    event = logged(dynamodb, "ann", now() - LISTED)

    anns = attacker.ask("GET", f"/events/{event.id}", headers=CLAIMS, owner="bob")
    nobodys = ask(attacker, OF_LOG["GET /events/{id}"], "bob", CLAIMS)

    assert (anns.status, anns.text) == (404, nobodys.text.replace(NO_EVENT, event.id))
    assert attacker.ask("GET", f"/events/{event.id}").json() == {"data": event.data}


def test_no_list_and_no_cursor_has_anothers_events(
    attacker: AttackClient, dynamodb: DynamoDBClient
) -> None:
    times = [now() - LISTED + timedelta(seconds=second) for second in range(3)]
    events = {owner: [logged(dynamodb, owner, at) for at in times] for owner in ("ann", "bob")}
    following = attacker.ask("GET", "/events?limit=1").json()["next"]

    for owner in ("ann", "bob"):
        data = [event.data for event in events[owner]]
        for target, expected in {
            "/events": data,
            "/events?type=created": data,
            f"/events?after={following}": data[1:],
            f"/events?after={events['ann'][1].id}": data[2:],
        }.items():
            page = attacker.ask("GET", target, headers=CLAIMS, owner=owner).json()
            assert page["data"] == expected, (owner, target)


def test_an_odd_name_reaches_no_other_owners_events(
    attacker: AttackClient, dynamodb: DynamoDBClient
) -> None:
    event = logged(dynamodb, "ann", now() - LISTED)

    for owner in ODD_NAMES:
        assert ask(attacker, OF_LOG["GET /events"], owner).json()["data"] == [], owner
        assert attacker.ask("GET", f"/events/{event.id}", owner=owner).status == 404, owner
