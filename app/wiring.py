"""The one place that builds clients and puts the parts together."""

from __future__ import annotations

import secrets
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from typing import TYPE_CHECKING, Self, cast

from botocore.config import Config

from app import api, aws, gateway, logs, routing
from app.config import LocalSettings, Settings, SettingsError
from app.convoy.api_key import ApiKey, SecretError
from app.convoy.exchange import Exchange
from app.convoy.proxies import Proxy, ProxyUnusable
from app.convoy.publisher import MAX_ANSWER_BYTES, ConvoyPublisher
from app.convoy.secrets_manager import Secret
from app.dynamodb.errors import refuse_damaged
from app.dynamodb.events_table import EventsTable
from app.dynamodb.outbox_table import OutboxTable
from app.dynamodb.store import DynamoStore
from app.event_ids import RANDOM_BITS, uuid7
from app.outbox.breaker import Breaker
from app.outbox.delivery import OutboxDelivery
from app.outbox.metrics import MeteredPublisher, Metrics
from app.service import Service
from app.todos import TODO, Todo

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI
    from mypy_boto3_dynamodb import DynamoDBClient

    from app.changes import Kind, R
    from app.config import ConvoySettings
    from app.convoy.secrets_manager import Client
    from app.outbox.outcomes import Publisher
    from app.ports import Store

DYNAMODB = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 2},
    tcp_keepalive=True,
    max_pool_connections=50,
    user_agent="fastapi-todo-convoy",
    parameter_validation=False,
)
"""Seconds. A call that DynamoDB does not answer ends, and its request with it, after two times
1 + 3 s and botocore's pause of up to 1 s between them.

botocore puts its own user agent together anew for each call, and looks through the parameters,
whose types mypy has seen: 11 % and 7 % of the time of a call."""

SECRETS_MANAGER = Config(
    connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2}
)
"""Seconds. A reading that is not answered ends after 7 s; who waits for it may leave before."""

_random = SystemRandom()
jitter = _random.random


@dataclass(frozen=True, slots=True)
class Parts:
    """What the API, the relay and the operator's command are made of."""

    settings: Settings
    client: DynamoDBClient
    store: DynamoStore[Todo]
    outbox: OutboxTable
    events: EventsTable
    api_key: ApiKey
    publisher: ConvoyPublisher
    breaker: Breaker
    metrics: Metrics

    @classmethod
    def build(cls, settings: Settings, emit: Callable[[str], object] = lambda _: None) -> Self:
        """`emit` takes the lines of the metrics; unless given, there are none.

        Raises SettingsError when the secret with the API key can't be read, or the environment
        names a proxy that can't be one.
        """
        client = dynamodb()
        outbox = OutboxTable(
            client, settings.outbox_table, settle_after=timedelta(seconds=settings.settle_after_s)
        )
        retention = timedelta(days=settings.event_retention_days)
        events = EventsTable(client, settings.events_table, retention=retention)
        store = DynamoStore(
            client,
            TODO,
            table=settings.todos_table,
            keys_table=settings.idempotency_table,
            outbox=outbox,
            log=events,
        )
        api_key = api_key_of(settings)
        publisher = publisher_of(settings, api_key)
        metrics = Metrics(emit, now, settings.metrics_namespace)
        # One Convoy, one breaker, however many services there are.
        breaker = Breaker(publisher, time.monotonic, jitter)
        return cls(settings, client, store, outbox, events, api_key, publisher, breaker, metrics)

    def service(self) -> Service[Todo]:
        return self._service(TODO, self.store)

    def close(self) -> None:
        self.publisher.close()
        self.client.close()

    def _service(self, kind: Kind[R], store: Store[R]) -> Service[R]:
        return Service(
            kind=kind,
            store=store,
            delivery=OutboxDelivery(self.metered(self.breaker), self.outbox, now, jitter),
            clock=now,
            new_event_id=new_event_id,
            new_id=lambda: secrets.randbits(53),
            pause=lambda clashes: time.sleep(_random.uniform(0, 0.02 * clashes)),
            publish_reads=self.settings.publish_reads,
        )

    def metered(self, publisher: Publisher) -> Publisher:
        return MeteredPublisher(publisher, self.metrics, time.monotonic)


def local_api() -> logs.RequestId:
    """The API outside Lambda: every request is the owner's named by `CONVOY_APP_ID`.

    Ends the process where the settings are not such that it can start.
    """
    logs.configure()
    try:
        settings = LocalSettings.load()
        parts = Parts.build(settings, _emit)
    except SettingsError as error:
        sys.exit(f"error: {error}")
    app = api.build(parts.service(), lambda _: settings.convoy_app_id)
    return logs.RequestId(app)


def lambda_parts() -> tuple[FastAPI, Parts]:
    """The API behind a gateway, whose authorizer names the owner; and its parts."""
    logs.configure()
    settings = Settings.load()
    parts = Parts.build(settings, _emit)
    app = api.build(parts.service(), gateway.owner_of, routing.inline, docs_url=None)
    anonymous = settings.convoy_app_id if settings.allow_anonymous else None
    app.add_middleware(gateway.Gateway, anonymous=anonymous)
    return app, parts


def _emit(line: str) -> None:
    sys.stdout.write(line + "\n")


def now() -> datetime:
    return datetime.now(UTC)


def new_event_id(moment: datetime) -> str:
    return uuid7(moment, secrets.randbits(RANDOM_BITS))


def api_key_of(settings: ConvoySettings) -> ApiKey:
    """Raises SettingsError when the secret that holds it can't be read."""
    if not settings.convoy_api_key_secret:
        return ApiKey(settings.convoy_api_key.get_secret_value())
    try:
        return ApiKey.out_of(Secret(settings.convoy_api_key_secret, _secrets_manager))
    except SecretError as error:
        raise SettingsError(str(error)) from error


def publisher_of(settings: ConvoySettings, api_key: ApiKey) -> ConvoyPublisher:
    """Raises SettingsError as `exchange_of` does."""
    deadline_s = settings.convoy_deadline_s
    convoy = exchange_of(settings, api_key, deadline_s=deadline_s, max_bytes=MAX_ANSWER_BYTES)
    return ConvoyPublisher(convoy, now)


def exchange_of(
    settings: ConvoySettings, api_key: ApiKey, *, deadline_s: float, max_bytes: int
) -> Exchange:
    """Raises SettingsError when the environment names a proxy for Convoy that can't be one."""
    try:
        proxy = Proxy.of_environment(settings.convoy_base_url)
    except ProxyUnusable as error:
        raise SettingsError(str(error)) from error
    return Exchange(
        base_url=settings.convoy_base_url,
        project_id=settings.convoy_project_id,
        api_key=api_key,
        proxy=proxy,
        deadline_s=deadline_s,
        max_bytes=max_bytes,
    )


def _secrets_manager() -> Client:
    return cast("Client", aws.client("secretsmanager", SECRETS_MANAGER))


def dynamodb() -> DynamoDBClient:
    client = cast("DynamoDBClient", aws.client("dynamodb", DYNAMODB))
    client.meta.events.register("after-call.dynamodb", refuse_damaged)
    return client
