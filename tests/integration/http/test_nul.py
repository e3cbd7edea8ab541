"""U+0000 in any text of a body is refused: Convoy would accept the event and never deliver it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError
from starlette.testclient import TestClient

from app.http import application, problems
from app.http.resource_schemas import schemas_of
from app.http.schemas import Input
from tests.inputs import inputs
from tests.integration.http.refusals import fields
from tests.todo import TODO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.components import TodoService

PATTERN = r"^[^\x00]*$"


class Line(Input):
    text: str


class Everything(Input):
    """A body of a future resource, with text in every place that a body can have."""

    text: str = ""
    choice: Annotated[str, Field(max_length=9)] | int | None = None
    texts: Annotated[list[str], Field(default_factory=list)]
    named: Annotated[dict[str, str], Field(default_factory=dict)]
    line: Line | None = None
    lines: Annotated[list[Line], Field(default_factory=list)]
    anything: Any = 0


@pytest.fixture(scope="module")
def client() -> TestClient:
    app = FastAPI()
    problems.install(app)

    @app.post("/")
    def receive(body: Everything) -> None: ...

    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "\0"}, "text"),
        ({"choice": "a\0b"}, "choice"),
        ({"texts": ["a", "\0"]}, "texts.1"),
        ({"named": {"a": "\0"}}, "named.a"),
        ({"named": {"a\0b": ""}}, "named.a\0b"),
        ({"line": {"text": "\0"}}, "line.text"),
        ({"lines": [{"text": "a"}, {"text": "\0"}]}, "lines.1.text"),
        ({"anything": [[{"deep": ["\0"]}]]}, "anything.0.0.deep.0"),
        ({"unknown": "\0"}, "unknown"),
    ],
)
def test_text_with_a_null_character_is_a_422_that_names_the_field(
    client: TestClient, body: dict[str, Any], field: str
) -> None:
    response = client.post("/", json=body)

    assert response.status_code == 422
    assert fields(response.json()) == [("body", field)]
    assert response.json()["errors"][0]["detail"] == "a null character (U+0000) is not allowed"


def test_each_place_with_a_null_character_is_named(client: TestClient) -> None:
    response = client.post("/", json={"text": "\0", "texts": ["\0", "a", "\0"]})

    assert sorted(fields(response.json())) == [
        ("body", "text"),
        ("body", "texts.0"),
        ("body", "texts.2"),
    ]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@inputs(100)
@given(JSON_VALUES)
def test_a_body_is_refused_only_if_it_has_a_null_character(body: object) -> None:
    has_one = "\\u0000" in json.dumps(body).replace("\\\\", "")
    try:
        Everything.model_validate({"anything": [body]})
    except ValidationError as error:
        found = {each["type"] for each in error.errors()}
    else:
        found = set()

    assert found == ({"nul"} if has_one else set())


def test_a_body_is_searched_however_deep_it_is() -> None:
    deep: Any = "\0"
    for _ in range(100_000):
        deep = [deep]

    with pytest.raises(ValidationError, match="null character"):
        Everything.model_validate({"anything": deep})


def test_each_body_of_the_api_is_searched(todo_service: TodoService) -> None:
    routes = application.build([todo_service], lambda _: "").routes
    bodies: list[Any] = [
        route.body_field.field_info.annotation
        for route in routes
        if isinstance(route, APIRoute) and route.body_field
    ]

    assert bodies
    assert all(issubclass(body, Input) for body in bodies)


def texts(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema of a text within a schema."""
    if isinstance(schema, dict):
        if schema.get("type") == "string":
            yield schema
        for below in schema.values():
            yield from texts(below)
    if isinstance(schema, list):
        for below in schema:
            yield from texts(below)


@pytest.mark.parametrize("model", [schemas_of(TODO).new, schemas_of(TODO).update, Everything])
def test_the_schema_of_a_body_excludes_null_characters_from_each_text(model: type[Input]) -> None:
    found = list(texts(model.model_json_schema()))

    assert found
    assert {text.get("pattern") for text in found} == {PATTERN}


def test_the_schema_of_free_names_excludes_null_characters() -> None:
    named = Everything.model_json_schema()["properties"]["named"]

    assert named["propertyNames"] == {"pattern": PATTERN}


def test_a_schema_omits_only_the_type_null() -> None:
    properties = Everything.model_json_schema()["properties"]

    assert [each["type"] for each in properties["choice"]["anyOf"]] == ["string", "integer"]
    assert properties["line"]["$ref"] == "#/$defs/Line"


def test_a_schema_changes_only_free_text() -> None:
    class Choice(Input):
        kind: Annotated[str, Field(pattern="^[a-z]+$", examples=[{"type": "string"}])] = "a"

    kind = Choice.model_json_schema()["properties"]["kind"]
    assert kind["pattern"] == "^[a-z]+$"
    assert kind["examples"] == [{"type": "string"}]
