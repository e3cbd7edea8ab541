"""The types of fields: as JSON and back; any other type stops the start, by its field's name."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, make_dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Literal, NotRequired, Required, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.fields import UnsupportedField, field_types, reader, to_json
from app.domain.resource import resource_type
from app.dynamodb import items
from tests.inputs import inputs
from tests.support import NOW

OFFSETS = st.builds(
    timezone, st.integers(-1439, 1439).map(lambda minutes: timedelta(minutes=minutes))
)
SCALARS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (str, st.text()),
    (int, st.integers(-(2**53), 2**53)),
    (bool, st.booleans()),
    (Decimal, st.decimals(allow_nan=False, allow_infinity=False)),
    (datetime, st.datetimes(timezones=OFFSETS)),
]


class Size(TypedDict):
    width: int
    unit: NotRequired[Literal["m", "cm"]]


class Crate(TypedDict, total=False):
    width: Required[int]
    unit: str


class Broken(TypedDict):
    width: float


class Nested(TypedDict):
    within: list[Nested]


SCALARS += [
    (Literal["s", "m"], st.sampled_from(["s", "m"])),
    (
        Size,
        st.fixed_dictionaries(
            {"width": st.integers(-9, 9)}, optional={"unit": st.sampled_from(["m", "cm"])}
        ),
    ),
]


@st.composite
def typed_values(draw: st.DrawFn) -> tuple[Any, Any]:
    """A type of a field, and a value of that type."""
    hint, values = draw(st.sampled_from(SCALARS))
    for _ in range(draw(st.integers(0, 3))):
        if draw(st.booleans()):
            hint, values = list.__class_getitem__(hint), st.lists(values, max_size=3)
        else:
            hint = dict.__class_getitem__((str, hint))
            values = st.dictionaries(st.text(), values, max_size=3)
    return hint, draw(values)


@inputs(100)
@given(typed_values())
def test_a_value_survives_json_and_dynamodb(typed: tuple[Any, Any]) -> None:
    hint, value = typed
    sent = json.loads(json.dumps(to_json(value)))
    stored = items.json_value(items.attribute(sent))

    for read in (reader(hint)(sent), reader(hint)(stored), reader(hint | None)(sent)):
        assert read == value
        assert type(read) is type(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("12.50"), "12.50"),
        (Decimal("1E+3"), "1000"),
        (datetime(2026, 11, 24, 12, 0, tzinfo=UTC), "2026-11-24T12:00:00Z"),
        (
            datetime(2026, 11, 24, 12, 0, tzinfo=timezone(timedelta(hours=2))),
            "2026-11-24T12:00:00+02:00",
        ),
    ],
)
def test_decimals_and_times_are_text(value: object, expected: str) -> None:
    assert to_json(value) == expected


@pytest.mark.parametrize(
    ("hint", "value"),
    [
        (str, 1), (int, "1"), (int, True), (bool, 1), (Decimal, 1), (Decimal, "x"), (datetime, 1),
        (datetime, "x"), (datetime, "2026-11-24T12:00:00"),
        (Decimal, "NaN"), (Size, {"width": "x"}), (Size, {}), (Size, []), (Crate, {}),
        (Literal["s", "m"], "l"), (Literal["s", "m"], 1),
        (list[str], "x"), (list[str], [1]), (dict[str, int], []), (str, None),
    ],
)  # fmt: skip
def test_json_of_another_type_is_refused(hint: Any, value: object) -> None:
    with pytest.raises((TypeError, ValueError, ArithmeticError)):
        reader(hint)(value)


def test_a_name_that_newer_code_wrote_into_an_object_is_left_out() -> None:
    assert reader(Size)({"width": 1, "depth": 2}) == {"width": 1}


def test_a_value_of_no_field_is_not_written() -> None:
    with pytest.raises(TypeError, match="a field can't have the type float"):
        to_json(1.5)


@pytest.mark.parametrize(
    "hint",
    [
        float, bytes, set[str], dict[int, str], list[float], list, dict, str | int, object,
        Literal["s", 1], Literal[()], Broken, Nested,
    ],
)  # fmt: skip
def test_another_type_stops_the_start_with_the_fields_name(hint: Any) -> None:
    thing = make_dataclass("Thing", [("owner", str), ("id", int), ("size", hint)])

    with pytest.raises(UnsupportedField, match=r"Thing\.size: .* can't be stored: use str, int"):
        field_types(thing)


def test_an_optional_field_without_none_as_default_stops_the_start() -> None:
    thing = make_dataclass("Thing", [("note", str | None)])

    with pytest.raises(UnsupportedField, match=r"Thing\.note: give the optional field None"):
        field_types(thing)


@pytest.mark.parametrize(
    ("hint", "default"),
    [(Decimal, 1.5), (Decimal, 1), (int, True), (str, None), (datetime, NOW.replace(tzinfo=None)),
     (list[str], field(default_factory=dict))],
)  # fmt: skip
def test_a_default_of_another_type_stops_the_start(hint: Any, default: Any) -> None:
    given = default if hint == list[str] else field(default=default)
    thing = make_dataclass("Thing", [("size", hint, given)])

    with pytest.raises(UnsupportedField, match=r"Thing\.size: the default"):
        field_types(thing)


@pytest.mark.parametrize("declared", [("_x", str), ("x", str, field(init=False))])
def test_a_field_that_no_body_can_have_stops_the_start(declared: Any) -> None:
    with pytest.raises(UnsupportedField, match="is an argument of the resource"):
        field_types(make_dataclass("Thing", [declared]))


def test_a_resource_without_own_fields_stops_the_start() -> None:
    thing = make_dataclass("Thing", [("owner", str), ("id", int), ("version", int, 1)])

    with pytest.raises(UnsupportedField, match="Thing has no field of its own"):
        resource_type("thing", thing)


@dataclass(frozen=True, slots=True)
class Unversioned:
    owner: str
    id: int


def test_a_resource_without_a_version_stops_the_start() -> None:
    with pytest.raises(UnsupportedField, match=r"Unversioned\.version: it must have the type int"):
        resource_type("thing", Unversioned)  # type: ignore[type-var]
