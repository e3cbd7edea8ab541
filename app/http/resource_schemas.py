"""The bodies of a type of resource: pydantic models, made from its fields."""

import re
from collections.abc import Mapping, Set
from dataclasses import MISSING
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import (
    Annotated,
    Any,
    NamedTuple,
    NotRequired,
    Required,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    create_model,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue, SkipJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError
from typing_extensions import TypedDict

from app.domain.fields import (
    UnsupportedField,
    default_of,
    hints_of,
    is_optional,
    required_names,
    to_json,
    without_none,
)
from app.domain.resource import COMMON_FIELDS, MAX_ID, ResourceType
from app.http.moments import Moment
from app.http.schemas import Documented, Input, Output, ResourceId, Update, without_default

_DECIMAL = r"-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,18})?"


def _decimal(value: object) -> Decimal:
    if not isinstance(value, str) or re.fullmatch(_DECIMAL, value) is None:
        raise PydanticCustomError("decimal_text", 'must be a decimal as text, such as "12.50"')
    return Decimal(value)


_TYPES: dict[type, Any] = {
    int: Annotated[int, Field(ge=-MAX_ID, le=MAX_ID)],
    Decimal: Annotated[
        Decimal,
        BeforeValidator(_decimal),
        WithJsonSchema({"type": "string", "format": "decimal", "pattern": f"^{_DECIMAL}$"}),
    ],
    datetime: Moment,
}
"""The types of bodies that differ from the field's. pydantic's Decimal would take a JSON number."""

_Name = Annotated[str, Field(min_length=1, max_length=255)]
"""The name of an entry of a map. DynamoDB takes no empty name, and none over 64 KB."""

_Version = Annotated[
    int,
    Field(
        ge=1,
        description="Counts the changes under this id, deletions too: the higher is the newer.",
    ),
]

_Cursor = Annotated[
    str | SkipJsonSchema[None], Field(description="Cursor of the next page; absent on the last.")
]


class Schemas(NamedTuple):
    new: type[Input]
    update: type[Update]
    out: type[BaseModel]
    one: type[BaseModel]
    page: type[BaseModel]


@cache
def schemas_of(resource: ResourceType[Any]) -> Schemas:
    """For `Order`: `NewOrder`, `OrderUpdate`, `OrderOut`, `OneOrder` and `Orders`."""
    name = resource.model.__name__
    hints = get_type_hints(resource.model, include_extras=True)
    types = {each: hints[each] for each in resource.field_types if each not in COMMON_FIELDS}
    bodies = {each: _body(without_none(hint)) for each, hint in types.items()}
    defaults = {each: default_of(resource.model.__dataclass_fields__[each]) for each in types}
    _check(resource, bodies, defaults)
    nullable = frozenset(each for each in types if is_optional(resource.field_types[each]))

    shown = create_model(f"{name}Out", __base__=Output, **_shown(bodies, nullable))
    new = create_model(f"New{name}", __base__=Input, **_new(bodies, defaults, nullable))
    changed: dict[str, Any] = {each: (body | None, None) for each, body in bodies.items()}
    update = create_model(f"{name}Update", __base__=Update, **changed)
    new.nullable = update.nullable = nullable
    return Schemas(
        new=new,
        update=update,
        out=shown,
        one=create_model(f"One{name}", __base__=Documented, data=(shown, ...)),
        page=create_model(
            f"{name}s", __base__=Documented, data=(list[shown], ...), next=(_Cursor, None)
        ),
    )


def _new(
    bodies: Mapping[str, Any], defaults: Mapping[str, Any], nullable: Set[str]
) -> dict[str, Any]:
    return {"id": (ResourceId | None, None)} | {
        each: (body | None if each in nullable else body, _default(defaults[each]))
        for each, body in bodies.items()
    }


def _default(declared: object) -> object:
    return ... if declared is MISSING else declared


def _check(
    resource: ResourceType[Any], bodies: Mapping[str, Any], defaults: Mapping[str, Any]
) -> None:
    """Raises UnsupportedField for a field whose body would differ from what the documents say."""
    for name, body in bodies.items():
        if hasattr(Update, name):
            problem = "a body has something else of this name: choose another name"
            raise UnsupportedField(f"{resource.model.__name__}.{name}: {problem}.")
        declared = [each for each in get_args(body)[1:] if isinstance(each, FieldInfo)]
        other = any(each.alias or each.exclude or not each.is_required() for each in declared)
        problem = "`Field` has its bounds, and no alias, default or exclude" if other else ""
        default = defaults[name]
        if not other and default is not MISSING and default is not None and declared:
            try:
                TypeAdapter(body).validate_python(to_json(default))
            except ValidationError as error:
                problem = f"the default is out of its own bounds: {error.errors()[0]['msg']}"
        if problem:
            raise UnsupportedField(f"{resource.model.__name__}.{name}: {problem}.")


def _absent(body: Any) -> Any:  # noqa: ANN401  # type hints
    return body | SkipJsonSchema[None]  # type: ignore[misc]  # it is generic


def _shown(bodies: Mapping[str, Any], nullable: Set[str]) -> dict[str, Any]:
    fields = {
        each: (_absent(body), Field(None, json_schema_extra=without_default))
        if each in nullable
        else (body, ...)
        for each, body in bodies.items()
    }
    return {"id": (ResourceId, ...), **fields, "version": (_Version, ...)}


def _body(hint: Any) -> Any:  # noqa: ANN401  # type hints
    """The type in a body of a field with this type, its bounds included."""
    if get_origin(hint) is Annotated:
        inner, *bounds = get_args(hint)
        return _bounded(inner, bounds)
    if get_origin(hint) is list:
        return list.__class_getitem__(_body(get_args(hint)[0]))
    if get_origin(hint) is dict:
        return dict.__class_getitem__((_Name, _body(get_args(hint)[1])))
    return _object(hint) if is_typeddict(hint) else _TYPES.get(hint, hint)


class _Inline:
    """Puts the schema of an object where the object is: a payload's schema has no references."""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = {**handler.resolve_ref_schema(handler(core_schema))}
        if handler.mode == "serialization":
            schema.pop("additionalProperties", None)
        return schema


@cache
def _object(declared: Any) -> Any:  # noqa: ANN401  # a TypedDict, and one of bodies
    """pydantic takes only the TypedDict of typing_extensions before Python 3.12."""
    required = required_names(declared)
    bodies = {
        name: (Required if name in required else NotRequired)[_body(hint)]
        for name, hint in hints_of(declared).items()
    }
    typed_dict: Any = TypedDict
    body = typed_dict(declared.__name__, bodies)
    body.__pydantic_config__ = ConfigDict(extra="forbid", strict=True)
    return Annotated[body, _Inline()]


def _bounded(inner: Any, bounds: list[Any]) -> Any:  # noqa: ANN401  # type hints
    """The field's own bounds come after its type's, and before the validators that read text.

    Bounds apply to the value, not to its text.
    """
    body = _body(inner)
    if get_origin(body) is not Annotated:
        return Annotated[body, *bounds]
    inner, *own = get_args(body)
    common = [each for each in own if isinstance(each, FieldInfo)]
    reading = [each for each in own if not isinstance(each, FieldInfo)]
    return Annotated[inner, *common, *bounds, *reading, *_described(inner, bounds)]


def _described(inner: Any, bounds: list[Any]) -> list[Any]:  # noqa: ANN401  # a type hint
    """Bounds of a number or a time, in words: JSON Schema has none for text."""
    found = [each for bound in bounds for each in getattr(bound, "metadata", [])]
    limits = {name: value for each in found for name, value in _limits(each)}
    if inner not in {Decimal, AwareDatetime} or not limits:
        return []
    words = (f"{_WORDS[name]} {to_json(value)}" for name, value in limits.items())
    return [Field(description=", ".join(words))]


def _limits(bound: object) -> list[tuple[str, Any]]:
    return [(name, getattr(bound, name)) for name in _WORDS if hasattr(bound, name)]


_WORDS = {
    "ge": "at least",
    "gt": "more than",
    "le": "at most",
    "lt": "less than",
    "max_digits": "digits at most:",
    "decimal_places": "digits after the point at most:",
}
