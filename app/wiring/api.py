"""The API, and the components that the relay and the operator's command share with it."""

from __future__ import annotations

import secrets
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from app.domain.event_log import EventLog
from app.domain.service import Service
from app.dynamodb.events_table import EventsTable
from app.dynamodb.store import DynamoStore
from app.http import application, gateway
from app.outbox.breaker import Breaker
from app.outbox.metrics import MeteredPublisher, Metrics
from app.outbox.request_attempt import OutboxDelivery
from app.register import RESOURCES
from app.runtime import logs
from app.settings import LocalSettings, Settings, SettingsError
from app.wiring.clients import api_key_of, dynamodb
from app.wiring.clock import jitter, new_event_id, now, random
from app.wiring.convoy import publisher_of
from app.wiring.outbox import outbox_of
from app.wiring.sign_in import put_behind_gateway

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fastapi import FastAPI
    from mypy_boto3_dynamodb import DynamoDBClient
    from starlette.routing import BaseRoute

    from app.convoy.api_key import ApiKey
    from app.convoy.publisher import ConvoyPublisher
    from app.domain.resource import R, ResourceType
    from app.dynamodb.outbox_table import OutboxTable
    from app.outbox.outcomes import Publisher


class Components(NamedTuple):
    """What the API, the relay and the operator's command are made of."""

    settings: Settings
    client: DynamoDBClient
    outbox: OutboxTable
    events: EventsTable
    api_key: ApiKey
    publisher: ConvoyPublisher
    breaker: Breaker
    metrics: Metrics

    @classmethod
    def build(cls, settings: Settings, emit: Callable[[str], object] = lambda _: None) -> Self:
        """`emit` gets each line of the metrics; by default there are no metrics.

        Raises SettingsError if the secret with the API key can't be read, or if the environment
        names an unusable proxy.
        """
        client = dynamodb(settings)
        outbox = outbox_of(settings, client)
        retention = timedelta(days=settings.event_retention_days)
        events = EventsTable(client, settings.events_table, retention=retention)
        api_key = api_key_of(settings)
        publisher = publisher_of(settings, api_key)
        metrics = Metrics(emit, now, settings.metrics_namespace, logs.current_request)
        # All services share one breaker: they publish to one Convoy.
        breaker = Breaker(publisher, time.monotonic, jitter)
        return cls(settings, client, outbox, events, api_key, publisher, breaker, metrics)

    def event_log(self) -> EventLog:
        visible_after = timedelta(seconds=self.settings.events_visible_after_s)
        retention = timedelta(days=self.settings.event_retention_days)
        return EventLog(self.events, now, visible_after, retention)

    def services(self) -> list[Service[Any]]:
        """One service for each resource of the register."""
        return [self.service(each) for each in RESOURCES]

    def service(self, resource_type: ResourceType[R]) -> Service[R]:
        store = DynamoStore(
            self.client,
            resource_type,
            table=self.settings.resources_table,
            idempotency_table=self.settings.idempotency_table,
            outbox=self.outbox,
            log=self.events,
        )
        return Service(
            type=resource_type,
            store=store,
            delivery=OutboxDelivery(self.metered(self.breaker), self.outbox, now, jitter),
            clock=now,
            new_event_id=new_event_id,
            new_id=lambda: secrets.randbits(53),
            pause=lambda clashes: time.sleep(random.uniform(0, 0.02 * clashes)),
            publish_reads=self.settings.publish_reads,
        )

    def close(self) -> None:
        self.publisher.close()
        self.client.close()

    def metered(self, publisher: Publisher) -> Publisher:
        return MeteredPublisher(publisher, self.metrics, time.monotonic)


def local_api() -> logs.RequestId:
    """All routes, outside Lambda: `CONVOY_APP_ID` is the owner of every request.

    Ends the process with a message if the settings are wrong.
    """
    # The API's function does not serve these routes, and its start does not import them.
    from app.wiring.customers import add_customers  # noqa: PLC0415

    logs.configure()
    try:
        settings = LocalSettings.load()
        components = Components.build(settings, _emit)
    except SettingsError as error:
        sys.exit(f"error: {error}")

    def owner_of(_: object) -> str:
        return settings.convoy_app_id

    app = application.build(components.services(), owner_of, log=components.event_log())
    add_customers(app, settings, components.api_key, owner_of)
    return logs.RequestId(app)


def lambda_components() -> tuple[FastAPI, Components]:
    """The API behind a gateway, whose authorizer names the owner, and the API's components."""
    logs.configure()
    settings = Settings.load()
    components = Components.build(settings, _emit)
    app = application.build(
        components.services(),
        gateway.owner_of,
        gateway.inline,
        log=components.event_log(),
        elsewhere=_customers_routes,
    )
    put_behind_gateway(app, settings)
    return app, components


def _customers_routes() -> Sequence[BaseRoute]:
    # Only the document needs them here.
    from app.wiring.customers import documented_routes  # noqa: PLC0415

    return documented_routes()


def _emit(line: str) -> None:
    sys.stdout.write(line + "\n")
