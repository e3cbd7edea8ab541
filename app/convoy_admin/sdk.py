"""The part of the Convoy SDK that managing a project needs; see `app/convoy/sdk.py`."""

# ruff: noqa: I001
import app.convoy.sdk  # noqa: F401  # first: it stops the SDK from importing all of its models

from convoy.api.delivery_attempts.get_delivery_attempts import sync_detailed as attempts
from convoy.api.endpoints.create_endpoint import sync_detailed as create_endpoint
from convoy.api.endpoints.get_endpoints import sync_detailed as endpoints
from convoy.api.event_deliveries.force_resend_event_deliveries import (
    sync_detailed as force_resend,
)
from convoy.api.event_deliveries.get_event_deliveries_paged import sync_detailed as deliveries
from convoy.api.event_deliveries.get_event_delivery import sync_detailed as delivery
from convoy.api.event_deliveries.resend_event_delivery import sync_detailed as resend
from convoy.api.event_types.create_event_type import sync_detailed as create_event_type
from convoy.api.event_types.get_event_types import sync_detailed as event_types
from convoy.api.event_types.update_event_type import sync_detailed as update_event_type
from convoy.api.events.get_events_paged import sync_detailed as events
from convoy.api.projects.get_project import sync_detailed as project
from convoy.api.subscriptions.create_subscription import sync_detailed as create_subscription
from convoy.api.subscriptions.get_subscriptions import sync_detailed as subscriptions
from convoy.models.models_create_endpoint import ModelsCreateEndpoint as NewEndpoint
from convoy.models.models_create_event_type import ModelsCreateEventType as NewEventType
from convoy.models.models_create_subscription import ModelsCreateSubscription as NewSubscription
from convoy.models.models_i_ds import ModelsIDs as Ids
from convoy.models.models_update_event_type import ModelsUpdateEventType as ChangedEventType

__all__ = [
    "ChangedEventType",
    "Ids",
    "NewEndpoint",
    "NewEventType",
    "NewSubscription",
    "attempts",
    "create_endpoint",
    "create_event_type",
    "create_subscription",
    "deliveries",
    "delivery",
    "endpoints",
    "event_types",
    "events",
    "force_resend",
    "project",
    "resend",
    "subscriptions",
    "update_event_type",
]
