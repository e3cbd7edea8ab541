"""The bodies of requests and answers that no resource changes, and the base of those it does."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue, SkipJsonSchema
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError

from app.domain.resource import MAX_ID

ResourceId = Annotated[int, Field(ge=0, le=MAX_ID)]

NUL = "\0"
"""Convoy (v26.7.3) answers 201 to an event with this character, and never delivers the event: its
database can't store it."""

_WITHOUT_NUL = r"^[^\x00]*$"

Path = tuple["Path", int | str] | tuple[()]
"""The place of a value in a body, innermost name first."""


def _nuls(body: object) -> Iterator[Path]:
    """The place of each text or name with a NUL. No recursion: a body may be too deep for it."""
    left: list[tuple[Path, object]] = [((), body)]
    while left:
        at, value = left.pop()
        if isinstance(value, str) and NUL in value:
            yield at
        elif isinstance(value, dict):
            for name, each in value.items():
                if NUL in name:
                    yield at, name
                left.append(((at, name), each))
        elif isinstance(value, list):
            left += (((at, index), each) for index, each in enumerate(value))


def _location(path: Path) -> tuple[int | str, ...]:
    names: list[int | str] = []
    while path:
        path, name = path
        names.append(name)
    return tuple(reversed(names))


def _describe_text(schema: Any) -> None:  # noqa: ANN401
    """Add to the schema of each text, and of each free name, that it has no NUL."""
    if isinstance(schema, list):
        for each in schema:
            _describe_text(each)
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "string" and not schema.keys() & {
        "const",
        "enum",
        "format",
        "pattern",
    }:
        schema["pattern"] = _WITHOUT_NUL
    if schema.get("additionalProperties"):
        schema["propertyNames"] = schema.get("propertyNames", {}) | {"pattern": _WITHOUT_NUL}
    for name, below in schema.items():
        if name == "properties":
            for each in below.values():
                _describe_text(each)
        elif name not in {"const", "default", "enum", "examples", "propertyNames"}:
            _describe_text(below)


class WithoutNul(BaseModel):
    """No text in the body has a null character, at any depth."""

    @model_validator(mode="before")
    @classmethod
    def _no_nul(cls, body: object) -> object:
        faults = [
            InitErrorDetails(
                type=PydanticCustomError("nul", "a null character (U+0000) is not allowed"),
                loc=_location(path),
                input=None,
            )
            for path in _nuls(body)
        ]
        if faults:
            raise ValidationError.from_exception_data(cls.__name__, faults)
        return body

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        described = handler(core_schema)
        _describe_text(handler.resolve_ref_schema(described))
        return described


def _not_empty(schema: dict[str, Any]) -> None:
    schema["minProperties"] = 1


def without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


class Input(WithoutNul):
    """Allows no unknown field, no other type (`"1"` is not 1), null only in `nullable` fields."""

    model_config = ConfigDict(extra="forbid", strict=True)

    nullable: ClassVar[frozenset[str]] = frozenset()

    @field_validator("*", mode="before")
    @classmethod
    def _no_null(cls, value: object, field: ValidationInfo) -> object:
        if value is None and field.field_name not in cls.nullable:
            raise PydanticCustomError("null", "null is not allowed: leave the field out instead")
        return value

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        described = super().__get_pydantic_json_schema__(core_schema, handler)
        for name, field in handler.resolve_ref_schema(described)["properties"].items():
            if {"type": "null"} in field.get("anyOf", ()) and name not in cls.nullable:
                field["anyOf"].remove({"type": "null"})
                if len(field["anyOf"]) == 1:
                    field.update(field.pop("anyOf")[0])
        return described


class Update(Input):
    """The fields to replace: at least one."""

    model_config = ConfigDict(json_schema_extra=_not_empty)

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            names = ", ".join(type(self).model_fields)
            raise PydanticCustomError(
                "nothing_to_update", "give at least one of: {names}", {"names": names}
            )
        return self


class Output(WithoutNul):
    """A resource in an answer, or in an event. Built as a Documented is."""

    model_config = ConfigDict(defer_build=True)


class Documented(BaseModel):
    """The body of an answer. Only the document needs it, and builds its validator."""

    model_config = ConfigDict(defer_build=True)


class Message(Documented):
    message: str


class Created(Documented):
    data: list[str]
    id: Annotated[
        ResourceId | SkipJsonSchema[None],
        Field(description="The new id, if the request had none."),
    ] = None


class Done(Documented):
    data: str


class Fault(Documented):
    """One fault of a request."""

    location: Literal["body", "path", "query", "header"] = Field(alias="in")
    field: str
    detail: str


class Problem(Documented):
    """Problem details (RFC 9457)."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str
    errors: Annotated[
        list[Fault] | SkipJsonSchema[None], Field(json_schema_extra=without_default)
    ] = None
