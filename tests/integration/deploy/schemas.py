"""CloudFormation's own schemas of its resource types, as cfn-lint has them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support import JsonObject

REGION = "eu-central-1"


@cache
def schema(resource_type: str) -> JsonObject:
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # noqa: PLC0415  # takes a second

    found: JsonObject = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, resource_type).schema
    return found


def replacing(resource_type: str) -> set[str]:
    """The properties of which a change makes CloudFormation replace the resource."""
    found = schema(resource_type)
    pointers = [
        *found.get("createOnlyProperties", []),
        *found.get("conditionalCreateOnlyProperties", []),
    ]
    return {pointer.split("/")[2] for pointer in pointers}


def calls(resource_type: str) -> set[str]:
    """The actions that CloudFormation may take to make, change, read and delete a resource."""
    handlers = schema(resource_type).get("handlers", {})
    return {
        action
        for name, handler in handlers.items()
        if name != "list"
        for action in handler["permissions"]
    }
