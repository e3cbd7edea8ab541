"""The app's components, as tests put them together: Convoy's clients, the service, the relay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.convoy import publisher as publishing
from app.convoy.api_key import ApiKey
from app.convoy.event_list import ConvoyEvents
from app.convoy.exchange import Exchange
from app.convoy.publisher import ConvoyPublisher
from app.convoy.questions import DEADLINE_S, MAX_ANSWER_BYTES, Questions
from app.domain.event_log import EventLog
from app.domain.service import Service
from app.outbox.relay import Relay
from app.outbox.relay_attempts import Attempts
from app.outbox.request_attempt import OutboxDelivery
from infra.fake_convoy.project import API_KEY, PROJECT_ID
from tests.support import GRACE, NOW, RETENTION, VISIBLE_AFTER, new_ids
from tests.tables import make_log, make_outbox, make_store
from tests.todo import TODO, Todo

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.outbox.outcomes import Publisher
    from tests.support import JsonObject

TodoService = Service[Todo]


def make_publisher(base_url: str, **override: Any) -> ConvoyPublisher:
    """`override`: options of the exchange, and `clock`."""
    clock = override.pop("clock", lambda: NOW)
    settings: JsonObject = {"deadline_s": 10.0, "max_bytes": publishing.MAX_ANSWER_BYTES}
    return ConvoyPublisher(make_exchange(base_url, **settings | override), clock)


def make_questions(base_url: str, **override: Any) -> Questions:
    """The relay's client for Convoy's lists. The caller closes it."""
    return Questions(make_exchange(base_url, **override), lambda: NOW)


def make_exchange(base_url: str, **override: Any) -> Exchange:
    """An exchange with the relay's deadline and size limit, changed by `override`."""
    settings: JsonObject = {
        "project_id": PROJECT_ID,
        "api_key": ApiKey(API_KEY),
        "proxy": None,
        "deadline_s": DEADLINE_S,
        "max_bytes": MAX_ANSWER_BYTES,
    }
    return Exchange(base_url=base_url, **settings | override)


def make_relay(
    client: DynamoDBClient,
    publisher: Publisher,
    questions: Questions,
    clock: Callable[[], datetime],
    **override: Any,
) -> Relay:
    """A relay of `client`'s outbox. Its back-off has the longest jitter."""
    table, events = make_outbox(client), ConvoyEvents(questions, clock)
    attempts = Attempts(publisher, events, table, clock, lambda: 1.0, GRACE)
    settings: JsonObject = {"attempts": attempts, "events": events, "outbox": table, "clock": clock}
    return Relay(**settings | {"reserve_s": 16.0} | override)


def make_event_log(client: DynamoDBClient, clock: Callable[[], datetime] = lambda: NOW) -> EventLog:
    return EventLog(make_log(client), clock, VISIBLE_AFTER, RETENTION)


def make_service(client: DynamoDBClient, publisher: Publisher, **override: Any) -> Service[Any]:
    components: JsonObject = {
        "type": TODO,
        "store": make_store(client),
        "delivery": OutboxDelivery(publisher, make_outbox(client), lambda: NOW, lambda: 1.0),
        "clock": lambda: NOW,
        "new_event_id": new_ids(),
        "new_id": lambda: 7007,
        "pause": lambda _: None,
    }
    return Service(**components | override)
