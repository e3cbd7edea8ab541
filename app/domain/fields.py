"""The types that a field of a resource may have, and how each is written as JSON.

str, int, bool              as JSON has them
Decimal                     text: most readers take a JSON number for a float
datetime, aware             text (RFC 3339)
list[T], dict[str, T]       of these
T | None, None by default   absence: the field is left out
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from datetime import datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Mapping

SCALARS = (str, int, bool, Decimal, datetime)

Json = str | int | bool | list["Json"] | dict[str, "Json"]


class UnsupportedField(TypeError):
    """A resource has a field that can't be stored, or not be sent."""


def types_of(resource: type) -> dict[str, Any]:
    """The type of each field, without its bounds. Raises UnsupportedField."""
    types = get_type_hints(resource)
    for field in fields(resource):
        hint = types[field.name]
        if optional(hint) and field.default is not None:
            raise _unsupported(resource, field.name, "an optional field must have None as default")
        if field.default_factory is not MISSING:
            raise _unsupported(resource, field.name, "a default must be a value, not a factory")
        if not _supported(required(hint)):
            allowed = ", ".join(each.__name__ for each in SCALARS)
            problem = f"{hint} can't be stored; take {allowed}, or a list or dict[str, …] of these"
            raise _unsupported(resource, field.name, problem)
    return types


def optional(hint: object) -> bool:
    return get_origin(hint) in {Union, UnionType} and NoneType in get_args(hint)


def required(hint: Any) -> Any:  # noqa: ANN401  # a type hint
    """`T` of `T | None`, with its bounds; any other type as it is."""
    if get_origin(hint) is Annotated:
        inner, *bounds = get_args(hint)
        return Annotated[required(inner), *bounds]
    if not optional(hint):
        return hint
    kept = [each for each in get_args(hint) if each is not NoneType]
    return Union[tuple(kept)]  # noqa: UP007  # of as many as there are


def to_json(value: object) -> Json:
    match value:
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case list():
            return [to_json(each) for each in value]
        case dict():
            return {name: to_json(each) for name, each in value.items()}
        case str() | int():
            return value
    raise TypeError(f"{type(value).__name__} is no type of a field")


def from_json(hint: Any, value: Any) -> Any:  # noqa: ANN401  # a type hint; JSON; a field's value
    """The value of a field of this type. Raises TypeError or ValueError for any other JSON."""
    hint = required(hint)
    if hint is Decimal or hint is datetime:
        if not isinstance(value, str):
            raise TypeError(f"{value!r} is no {hint.__name__} as text")
        return Decimal(value) if hint is Decimal else datetime.fromisoformat(value)
    if hint in SCALARS:
        if type(value) is not hint:
            raise TypeError(f"{value!r} is no {hint.__name__}")
        return value
    if get_origin(hint) is list:
        return [from_json(get_args(hint)[0], each) for each in _typed(list, value)]
    named: Mapping[str, object] = _typed(dict, value)
    return {name: from_json(get_args(hint)[1], each) for name, each in named.items()}


def _typed(kind: type, value: Any) -> Any:  # noqa: ANN401  # JSON
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _supported(hint: object) -> bool:
    if get_origin(hint) is list:
        return _supported(*get_args(hint))
    if get_origin(hint) is dict:
        key, value = get_args(hint)
        return key is str and _supported(value)
    return hint in SCALARS


def _unsupported(resource: type, field: str, problem: str) -> UnsupportedField:
    return UnsupportedField(f"{resource.__name__}.{field}: {problem}.")
