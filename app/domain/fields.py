"""The types that a field of a resource may have, and the JSON of each.

str, int, bool              text, number, true or false
Decimal                     text: most clients read a JSON number as a float
datetime, aware             text (RFC 3339)
Literal["a", "b"]           one of these texts
list[T], dict[str, T]       list, object
a TypedDict                 object with these names
T | None, None by default   T; for None the field is left out
"""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from datetime import datetime
from decimal import Decimal
from functools import partial
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Set

SCALARS = (str, int, bool, Decimal, datetime)

Json = str | int | bool | list["Json"] | dict[str, "Json"]


class UnsupportedField(TypeError):
    """A resource has a field of a type that this module does not support."""


def field_types(resource: type) -> dict[str, Any]:
    """The type of each field, without its bounds. Raises UnsupportedField."""
    types = get_type_hints(resource)
    for field in fields(resource):
        if problem := _problem(field, types[field.name]):
            raise UnsupportedField(f"{resource.__name__}.{field.name}: {problem}.")
    return types


def _problem(field: Field[Any], hint: Any) -> str:  # noqa: ANN401  # a type hint
    if field.name.startswith("_") or not field.init:
        return "a field is an argument of the resource, and its name does not begin with _"
    if not _supported(without_none(hint)):
        allowed = ", ".join(each.__name__ for each in SCALARS)
        compound = "Literal[…] of texts, or a list, a dict[str, …] or a TypedDict of these"
        return f"{hint} can't be stored: use {allowed}, {compound}"
    if is_optional(hint):
        return "" if field.default is None else "give the optional field None as its default"
    default = default_of(field)
    if default is MISSING:
        return ""
    try:
        reader(hint)(to_json(default))
    except (TypeError, ValueError, ArithmeticError):
        return f"the default {default!r} is not of the type {hint}"
    return ""


def default_of(field: Field[Any]) -> Any:  # noqa: ANN401  # a field's value
    """MISSING for a field that has to be given."""
    return field.default if field.default_factory is MISSING else field.default_factory()


def is_optional(hint: object) -> bool:
    return get_origin(hint) in {Union, UnionType} and NoneType in get_args(hint)


def without_none(hint: Any) -> Any:  # noqa: ANN401  # a type hint
    """`T` for `T | None`, its bounds included; any other type unchanged."""
    if get_origin(hint) is Annotated:
        inner, *bounds = get_args(hint)
        return Annotated[without_none(inner), *bounds]
    if not is_optional(hint):
        return hint
    kept = [each for each in get_args(hint) if each is not NoneType]
    return Union[tuple(kept)]  # noqa: UP007  # their number is not known


def required_names(of: Any) -> Set[str]:  # noqa: ANN401  # a TypedDict
    """`__required_keys__` alone does not see the qualifiers in annotations that are text."""
    qualifiers = {
        name: get_origin(hint) for name, hint in get_type_hints(of, include_extras=True).items()
    }
    return {
        name
        for name, qualifier in qualifiers.items()
        if qualifier is Required or (qualifier is not NotRequired and name in of.__required_keys__)
    }


def hints_of(of: Any) -> dict[str, Any]:  # noqa: ANN401  # a TypedDict
    """The names' types with their bounds: `T` for `NotRequired[T]`."""
    return {
        name: get_args(hint)[0] if get_origin(hint) in {NotRequired, Required} else hint
        for name, hint in get_type_hints(of, include_extras=True).items()
    }


def to_json(value: object) -> Json:
    match value:
        case str() | int():
            return value
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case list():
            return [to_json(each) for each in value]
        case dict():
            return {name: to_json(each) for name, each in value.items()}
    raise TypeError(f"a field can't have the type {type(value).__name__}")


def reader(hint: Any) -> Callable[[Any], Any]:  # noqa: ANN401  # a type hint; JSON; a field's value
    """The function from JSON to the value of a field of this type.

    That function raises TypeError or ValueError for any other JSON.
    """
    hint = without_none(hint)
    if hint in SCALARS:
        return {Decimal: _decimal, datetime: _moment}.get(hint, partial(_typed, hint))
    if get_origin(hint) is Literal:
        return partial(_one_of, get_args(hint))
    if is_typeddict(hint):
        readers = {name: reader(each) for name, each in get_type_hints(hint).items()}
        return partial(_named, readers, required_names(hint))
    if get_origin(hint) is list:
        return partial(_list, reader(get_args(hint)[0]))
    return partial(_dict, reader(get_args(hint)[1]))


def _list(read: Callable[[Any], Any], value: Any) -> list[Any]:  # noqa: ANN401  # JSON
    return [read(each) for each in _typed(list, value)]


def _dict(read: Callable[[Any], Any], value: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    return {name: read(each) for name, each in _typed(dict, value).items()}


def _named(
    readers: dict[str, Callable[[Any], Any]],
    required: Set[str],
    value: Any,  # noqa: ANN401  # JSON
) -> dict[str, Any]:
    if missing := required - _typed(dict, value).keys():
        raise ValueError(f"no {', '.join(sorted(missing))}")
    # A newer version of the code may have written other names.
    return {name: read(value[name]) for name, read in readers.items() if name in value}


def _one_of(values: tuple[str, ...], value: Any) -> str:  # noqa: ANN401  # JSON
    text: str = _typed(str, value)
    if text not in values:
        raise ValueError(f"{text!r} is none of {', '.join(values)}")
    return text


def _decimal(text: Any) -> Decimal:  # noqa: ANN401  # JSON
    value = Decimal(_typed(str, text))
    if not value.is_finite():
        raise ValueError(f"{text!r} is no number")
    return value


def _moment(text: Any) -> datetime:  # noqa: ANN401  # JSON
    value = datetime.fromisoformat(_typed(str, text))
    if value.tzinfo is None:
        raise ValueError(f"{text!r} has no offset")
    return value


def _typed(expected: type, value: Any) -> Any:  # noqa: ANN401  # JSON
    if type(value) is not expected:
        raise TypeError(f"{value!r} is not of type {expected.__name__}")
    return value


def _supported(hint: object, within: tuple[object, ...] = ()) -> bool:
    """`within`: the objects around it, since an object can't have itself."""
    if get_origin(hint) is Literal:
        return bool(get_args(hint)) and all(type(each) is str for each in get_args(hint))
    if is_typeddict(hint):
        inner = get_type_hints(hint).values()
        return hint not in within and all(_supported(each, (*within, hint)) for each in inner)
    if get_origin(hint) is list:
        return _supported(get_args(hint)[0], within)
    if get_origin(hint) is dict:
        key, value = get_args(hint)
        return key is str and _supported(value, within)
    return hint in SCALARS
