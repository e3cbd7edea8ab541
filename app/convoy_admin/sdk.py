"""The part of the Convoy SDK that managing a project needs; see `app/convoy/sdk.py`."""

# ruff: noqa: I001
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import app.convoy.sdk  # noqa: F401  # first: it stops the SDK from importing all of its models

from convoy.api.delivery_attempts.get_delivery_attempts import sync_detailed as attempts
from convoy.api.endpoints.activate_endpoint import sync_detailed as activate_endpoint
from convoy.api.endpoints.create_endpoint import sync_detailed as create_endpoint
from convoy.api.endpoints.delete_endpoint import sync_detailed as delete_endpoint
from convoy.api.endpoints.expire_secret import sync_detailed as expire_secret
from convoy.api.endpoints.get_endpoint import sync_detailed as endpoint
from convoy.api.endpoints.get_endpoints import sync_detailed as endpoints
from convoy.api.endpoints.pause_endpoint import sync_detailed as pause_endpoint
from convoy.api.endpoints.update_endpoint import sync_detailed as update_endpoint
from convoy.api.event_deliveries import get_event_deliveries_paged
from convoy.api.event_deliveries.force_resend_event_deliveries import (
    sync_detailed as force_resend,
)
from convoy.api.event_deliveries.get_event_delivery import sync_detailed as delivery
from convoy.api.event_deliveries.resend_event_delivery import sync_detailed as resend
from convoy.api.event_types.create_event_type import sync_detailed as create_event_type
from convoy.api.event_types.get_event_types import sync_detailed as event_types
from convoy.api.event_types.update_event_type import sync_detailed as update_event_type
from convoy.api.events.create_endpoint_event import sync_detailed as create_endpoint_event
from convoy.api.events.get_events_paged import sync_detailed as events
from convoy.api.filters.create_filter import sync_detailed as create_event_filter
from convoy.api.filters.delete_filter import sync_detailed as delete_event_filter
from convoy.api.filters.get_filters import sync_detailed as event_filters
from convoy.api.projects.get_project import sync_detailed as project
from convoy.api.subscriptions.create_subscription import sync_detailed as create_subscription
from convoy.api.subscriptions.get_subscriptions import sync_detailed as subscriptions
from convoy.models.models_create_endpoint import ModelsCreateEndpoint as NewEndpoint
from convoy.models.models_create_event import ModelsCreateEvent as EndpointEvent
from convoy.models.models_create_event_type import ModelsCreateEventType as NewEventType
from convoy.models.models_create_filter_request import ModelsCreateFilterRequest as NewEventFilter
from convoy.models.models_create_subscription import ModelsCreateSubscription as NewSubscription
from convoy.models.models_expire_secret import ModelsExpireSecret as ExpiredSecret
from convoy.models.models_i_ds import ModelsIDs as Ids
from convoy.models.models_update_endpoint import ModelsUpdateEndpoint as ChangedEndpoint
from convoy.models.models_update_event_type import ModelsUpdateEventType as ChangedEventType

if TYPE_CHECKING:
    from app.convoy.sdk import AuthenticatedClient

__all__ = [
    "ChangedEndpoint",
    "ChangedEventType",
    "EndpointEvent",
    "ExpiredSecret",
    "Ids",
    "NewEndpoint",
    "NewEventFilter",
    "NewEventType",
    "NewSubscription",
    "activate_endpoint",
    "attempts",
    "create_endpoint",
    "create_endpoint_event",
    "create_event_filter",
    "create_event_type",
    "create_subscription",
    "delete_endpoint",
    "delete_event_filter",
    "deliveries",
    "delivery",
    "endpoint",
    "endpoints",
    "event_filters",
    "event_types",
    "events",
    "expire_secret",
    "force_resend",
    "pause_endpoint",
    "project",
    "resend",
    "subscriptions",
    "update_endpoint",
    "update_event_type",
]


def deliveries(
    project_id: str,
    *,
    client: AuthenticatedClient,
    event_type: str = "",
    **filters: Any,  # noqa: ANN401  # those of the SDK's call
) -> None:
    """List deliveries. The SDK's call names the type `event_type`; Convoy reads `eventType`."""
    request = get_event_deliveries_paged._get_kwargs(project_id, **filters)
    if event_type:
        request["params"]["eventType"] = event_type
    client.get_httpx_client().request(**request)
