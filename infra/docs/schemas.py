"""JSON schemas in words."""

from __future__ import annotations

import json
from typing import Any

_BOUNDS = {
    "minimum": "from",
    "exclusiveMinimum": "over",
    "maximum": "to",
    "minLength": "from",
    "maxLength": "to",
}


def values(schema: dict[str, Any]) -> str:
    """The values that a schema allows."""
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if "items" in schema:
        return f"list of {values(schema['items'])}"
    if "properties" in schema:
        required = schema.get("required", ())
        fields = (
            f"`{name}` ({values(each)}{'' if name in required else '; may be absent'})"
            for name, each in schema["properties"].items()
        )
        return ", ".join(fields)
    if "additionalProperties" in schema:
        return f"map of {values(schema['additionalProperties'])}"
    limits = [f"{word} {schema[name]}" for name, word in _BOUNDS.items() if name in schema]
    unit = ["characters"] if "maxLength" in schema else []
    return " ".join([schema.get("format", schema["type"]), *limits, *unit])
