"""A resource whose bodies would differ from what the documents say stops the start."""

from __future__ import annotations

from dataclasses import make_dataclass
from typing import Annotated, Any

import pytest
from pydantic import Field

from app.domain.fields import UnsupportedField
from app.domain.resource import resource_type
from app.http.resource_schemas import schemas_of


def resource(hint: Any, *default: Any, name: str = "size") -> Any:
    own = (name, hint, *default)
    fields: list[Any] = [("owner", str), ("id", int), own, ("version", int, 1)]
    return resource_type("thing", make_dataclass("Thing", fields))


@pytest.mark.parametrize("field", [Field(alias="Size"), Field(exclude=True), Field(default=3)])
def test_a_field_has_no_alias_and_no_second_default(field: Any) -> None:
    with pytest.raises(UnsupportedField, match=r"Thing\.size: `Field` has its bounds, and no"):
        schemas_of(resource(Annotated[int, field]))


def test_a_default_keeps_its_own_bounds() -> None:
    with pytest.raises(UnsupportedField, match=r"Thing\.size: the default is out of its own bound"):
        schemas_of(resource(Annotated[int, Field(ge=1)], 0))


def test_a_default_within_its_bounds_is_taken() -> None:
    new = schemas_of(resource(Annotated[int, Field(ge=1)], 2)).new

    assert new.model_validate({}).model_dump() == {"id": None, "size": 2}


@pytest.mark.parametrize("name", ["model_config", "model_dump", "schema", "json", "nullable"])
def test_a_field_has_no_name_that_bodies_need(name: str) -> None:
    with pytest.raises(UnsupportedField, match=rf"Thing\.{name}: .* choose another name"):
        schemas_of(resource(int, name=name))
