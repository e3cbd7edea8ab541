"""The part of the Convoy SDK that the relay needs beside `app/convoy/sdk.py`."""

# ruff: noqa: I001
import app.convoy.sdk  # noqa: F401  # first: it keeps the SDK from importing each of its models

from convoy.api.event_deliveries.batch_retry_event_delivery import sync_detailed as batch_retry
from convoy.api.event_deliveries.get_event_deliveries_paged import sync_detailed as deliveries
from convoy.api.events.get_events_paged import sync_detailed as events
from convoy.api.events.replay_endpoint_event import sync_detailed as replay

__all__ = ["batch_retry", "deliveries", "events", "replay"]
