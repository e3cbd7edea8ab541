"""Examples of resources and events, for documents, tests and the operator. No route imports it."""

from __future__ import annotations

from dataclasses import MISSING
from datetime import UTC, datetime
from decimal import Decimal
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from app.domain.fields import default_of, hints_of, to_json, without_none
from app.domain.resource import COMMON_FIELDS
from app.http.resource_schemas import schemas_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.events import EventType
    from app.domain.fields import Json
    from app.domain.resource import ResourceType

BY_TYPE = {
    str: "text",
    int: 1,
    bool: True,
    Decimal: Decimal("12.50"),
    datetime: datetime(2026, 11, 24, 12, 0, tzinfo=UTC),
}


def examples_of(resource: ResourceType[Any]) -> dict[str, Json]:
    """Of each field: its default, else the first of the `examples` it declares, else any value.

    Raises pydantic's ValidationError, with the field's name, for an example that a body may not
    have: give the field `examples`.
    """
    hints = get_type_hints(resource.model, include_extras=True)
    declared = resource.model.__dataclass_fields__
    examples: dict[str, Json] = {}
    for name in resource.field_types:
        if name not in COMMON_FIELDS:
            default = default_of(declared[name])
            given = default is not MISSING and default not in (None, [], {})
            examples[name] = to_json(default if given else _any(hints[name]))
    schemas_of(resource).new.model_validate(examples)
    return examples


def carried_by(
    event_type: EventType, resources: Sequence[ResourceType[Any]], *, resource_id: int, version: int
) -> dict[str, Json]:
    """The payload's own field in an event of this type: `order`, `order_id`, or none."""
    for resource in resources:
        if event_type.carries == resource.name:
            state = {"id": resource_id, **examples_of(resource), "version": version}
            return {resource.name: state}
        if event_type.carries == f"{resource.name}_id":
            return {event_type.carries: resource_id}
    return {}


def _any(hint: Any) -> Any:  # noqa: ANN401  # a type hint, and a value of it
    hint = without_none(hint)
    if get_origin(hint) is Annotated:
        inner, *bounds = get_args(hint)
        examples = [example for each in bounds for example in getattr(each, "examples", None) or []]
        return examples[0] if examples else _any(inner)
    if get_origin(hint) is Literal:
        return get_args(hint)[0]
    if is_typeddict(hint):
        return {name: _any(each) for name, each in hints_of(hint).items()}
    if get_origin(hint) is list:
        return [_any(get_args(hint)[0])]
    if get_origin(hint) is dict:
        return {"name": _any(get_args(hint)[1])}
    return BY_TYPE[hint]
