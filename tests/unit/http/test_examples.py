"""The example of a resource has each field that its body needs, and only what its body takes."""

from __future__ import annotations

from dataclasses import make_dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest
from pydantic import Field, ValidationError

from app.domain.resource import resource_type
from app.http.examples import examples_of


class Line(TypedDict):
    article: Annotated[str, Field(examples=["bolt"])]
    price: Decimal
    note: NotRequired[str]


EXAMPLES = [
    (str, "text"),
    (Decimal, "12.50"),
    (Annotated[int, Field(ge=3, examples=[7])], 7),
    (Annotated[list[bool], Field(min_length=1)], [True]),
    (dict[str, Annotated[int, Field(ge=1)]], {"name": 1}),
    (Literal["open", "closed"], "open"),
    (list[Line], [{"article": "bolt", "price": "12.50", "note": "text"}]),
]


def thing(hint: Any) -> Any:
    fields: list[Any] = [("owner", str), ("id", int), ("size", hint), ("version", int, 1)]
    return resource_type("thing", make_dataclass("Thing", fields))


@pytest.mark.parametrize(("hint", "example"), EXAMPLES, ids=[str(each) for _, each in EXAMPLES])
def test_a_field_of_each_type_has_an_example(hint: Any, example: object) -> None:
    assert examples_of(thing(hint)) == {"size": example}


def test_an_example_out_of_its_bounds_is_an_error_that_names_the_field() -> None:
    with pytest.raises(ValidationError, match="size"):
        examples_of(thing(Annotated[int, Field(ge=3)]))
