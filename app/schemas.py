"""What clients send and get: bodies, parameters, answers."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from app.changes import MAX_ID
from app.todos import MAX_ITEM_LENGTH

ResourceId = Annotated[int, Field(ge=0, le=MAX_ID)]


def _without_nul(text: str) -> str:
    # Convoy (v26.7.3) answers 201 to an event that has one, and never delivers it: its database
    # can't keep the character.
    if "\0" in text:
        raise PydanticCustomError("nul", "a null character (U+0000) is not allowed")
    return text


Item = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_ITEM_LENGTH,
        json_schema_extra={"pattern": r"^[^\x00]*$"},
    ),
    AfterValidator(_without_nul),
]


def _without_null(schema: dict[str, Any]) -> None:
    for field in schema["properties"].values():
        if "anyOf" in field:
            field.update(field.pop("anyOf")[0])


def _not_empty(schema: dict[str, Any]) -> None:
    _without_null(schema)
    schema["minProperties"] = 1


def _without_default(schema: dict[str, Any]) -> None:
    del schema["default"]


class Input(BaseModel):
    """No unknown field, no guessing (`"1"` is not 1), and null does not stand for absence."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra=_without_null)

    @field_validator("*", mode="before")
    @classmethod
    def _no_null(cls, value: object) -> object:
        if value is None:
            raise PydanticCustomError("null", "null is not allowed: leave the field out instead")
        return value


class NewTodo(Input):
    id: ResourceId | None = None
    item: Item
    completed: bool = False


class TodoUpdate(Input):
    model_config = ConfigDict(json_schema_extra=_not_empty)

    item: Item | None = None
    completed: bool | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("nothing_to_update", "give item, completed or both")
        return self


class TodoOut(BaseModel):
    id: ResourceId
    item: Item
    completed: bool
    version: Annotated[int, Field(ge=1)]


class Message(BaseModel):
    message: str


class Todos(BaseModel):
    data: list[TodoOut]
    next: Annotated[
        str | SkipJsonSchema[None],
        Field(description="Cursor of the next page; absent on the last."),
    ] = None


class OneTodo(BaseModel):
    data: TodoOut


class Created(BaseModel):
    data: list[str]
    id: Annotated[
        ResourceId | SkipJsonSchema[None],
        Field(description="The id drawn for a todo that came without one."),
    ] = None


class Done(BaseModel):
    data: str


class Fault(BaseModel):
    """One thing wrong with a request."""

    location: Literal["body", "path", "query", "header"] = Field(alias="in")
    field: str
    detail: str


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str
    errors: Annotated[
        list[Fault] | SkipJsonSchema[None], Field(json_schema_extra=_without_default)
    ] = None
