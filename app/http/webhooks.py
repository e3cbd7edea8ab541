"""The webhooks of the API: each event type, with the JSON Schema of its payload."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from app.domain.events import PING
from app.http.resource_schemas import schemas_of
from app.http.schemas import ResourceId

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.domain.events import EventType
    from app.domain.resource import ResourceType

    Schema = dict[str, Any]

DIALECT = "http://json-schema.org/draft-07/schema#"
"""The newest dialect that Convoy's validator (gojsonschema 1.2) reads."""

HEADERS = {
    "X-Convoy-Signature": "`t=<unix seconds>,v1=<hex HMAC-SHA256 of t, a comma, the body>`, and one"
    " more `v1` for each secret that is being replaced.",
    "X-Convoy-Idempotency-Key": "The event's id. A webhook with the same id is the same event.",
}


class Webhooks:
    """The event types of these resources."""

    def __init__(self, resources: Sequence[ResourceType[Any]]) -> None:
        self.event_types = (PING, *(each for resource in resources for each in resource.events))
        self._resources = resources

    def schema(self, event_type: EventType) -> Schema:
        """The payload's schema. Properties may be added later: receivers ignore them."""
        properties: Schema = {
            "event": {"const": event_type.event},
            "description": {"type": "string"},
            "id": {"type": "string", "description": "The event's id, and its idempotency key."},
            "occurred_at": {"type": "string", "format": "date-time"},
        }
        required = list(properties)
        if event_type.carries is not None:
            properties[event_type.carries] = self._carried[event_type.carries]
            if event_type.always:
                required.append(event_type.carries)
        return {
            "title": event_type.event,
            "description": event_type.description,
            "type": "object",
            "required": required,
            "properties": properties,
        }

    def document(self) -> Schema:
        """The section of an OpenAPI document, by event type."""
        return {each.name: {"post": self._operation(each)} for each in self.event_types}

    @cached_property
    def _carried(self) -> Mapping[str, Schema]:
        """The schema of each payload's own field, by its name."""
        ids = TypeAdapter(ResourceId).json_schema()
        carried = {}
        for resource in self._resources:
            out = schemas_of(resource).out
            carried[resource.name] = out.model_json_schema(mode="serialization")
            carried[f"{resource.name}_id"] = ids
        return carried

    def _operation(self, event_type: EventType) -> Schema:
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
                "content": {"application/json": {"schema": self.schema(event_type)}},
            },
            "responses": {
                "2XX": {"description": "It arrived. After any other answer Convoy tries again."}
            },
        }
