"""Examples of a resource's fields, for documents."""

from __future__ import annotations

from dataclasses import MISSING
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, get_args, get_origin

from app.domain.fields import to_json, without_none
from app.domain.resource import COMMON_FIELDS
from app.http.resource_schemas import schemas_of

if TYPE_CHECKING:
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
    """Of each field: its default, else the first of the `examples` it declares, else any value."""
    shown = schemas_of(resource).out.model_fields
    declared = resource.model.__dataclass_fields__
    values = {}
    for name, hint in resource.field_types.items():
        default = declared[name].default
        examples = [] if name in COMMON_FIELDS else shown[name].examples or []
        if default is not MISSING and default is not None:
            values[name] = default
        else:
            values[name] = examples[0] if examples else _any(without_none(hint))
    return {name: to_json(value) for name, value in values.items() if name not in COMMON_FIELDS}


def _any(hint: Any) -> object:  # noqa: ANN401  # a type hint
    if get_origin(hint) is list:
        return [_any(get_args(hint)[0])]
    if get_origin(hint) is dict:
        return {"name": _any(get_args(hint)[1])}
    return BY_TYPE[hint]
