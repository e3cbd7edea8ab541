"""What receivers may rely on: the JSON Schema of each event type's payload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from app.domain.events import CATALOGUE
from app.http.schemas import ResourceId, TodoOut

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.domain.events import EventType

    Schema = dict[str, Any]

DIALECT = "http://json-schema.org/draft-07/schema#"
"""The newest that Convoy's validator (gojsonschema 1.2) reads."""

HEADERS = {
    "X-Convoy-Signature": "`t=<unix seconds>,v1=<hex HMAC-SHA256 of t, a comma, the body>`, and a"
    " `v1` more for each secret that is being rolled.",
    "X-Convoy-Idempotency-Key": "The event's id: what came under it before is the same event.",
}

CARRIED: Mapping[str, TypeAdapter[Any]] = {
    "todo": TypeAdapter(TodoOut),
    "todo_id": TypeAdapter(ResourceId),
}
"""What events carry."""


def schema(event_type: EventType) -> Schema:
    """Of the payload. What it does not name may be added: receivers pass over it."""
    properties: Schema = {
        "event": {"const": event_type.event},
        "description": {"type": "string"},
        "id": {"type": "string", "description": "The event's id, and its idempotency key."},
        "occurred_at": {"type": "string", "format": "date-time"},
    }
    required = list(properties)
    if event_type.carries is not None:
        properties[event_type.carries] = CARRIED[event_type.carries].json_schema()
        if event_type.always:
            required.append(event_type.carries)
    return {
        "title": event_type.event,
        "description": event_type.description,
        "type": "object",
        "required": required,
        "properties": properties,
    }


def webhooks() -> Schema:
    """The section of an OpenAPI document, by event type."""
    return {event_type.name: {"post": _operation(event_type)} for event_type in CATALOGUE}


def _operation(event_type: EventType) -> Schema:
    headers = [
        {
            "name": name,
            "in": "header",
            "required": True,
            "description": description,
            "schema": {"type": "string"},
        }
        for name, description in HEADERS.items()
    ]
    return {
        "operationId": event_type.event,
        "summary": event_type.description,
        "parameters": headers,
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema(event_type)}},
        },
        "responses": {
            "2XX": {"description": "It arrived. After anything else Convoy tries again."}
        },
    }
