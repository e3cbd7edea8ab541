"""The generated types say of each payload what its JSON schema says."""

from __future__ import annotations

import json
import re
from dataclasses import make_dataclass
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    TypedDict,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import pytest

from app.domain.resource import resource_type
from app.http.webhooks import Webhooks
from infra.docs import payload_types
from tests.invoices import INVOICE
from tests.register import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping

Shape = Any
"""A type: "string", {"list": …}, {"map": …}, {"const": …}, or {"field": …, "optional?": …}."""

SETS = {"the register": RESOURCES, "a field of each type": (*RESOURCES, INVOICE)}


class Parcel(TypedDict):
    """Another one than the invoice's."""

    weight: int


def of_schema(schema: Mapping[str, Any]) -> Shape:
    if "const" in schema:
        return {"const": schema["const"]}
    if "enum" in schema:
        return {"one of": schema["enum"]}
    if "properties" in schema:
        required = schema.get("required", ())
        return {
            name if name in required else f"{name}?": of_schema(each)
            for name, each in schema["properties"].items()
        }
    if "items" in schema:
        return {"list": of_schema(schema["items"])}
    if "additionalProperties" in schema:
        return {"map": of_schema(schema["additionalProperties"])}
    return schema["type"]


SCALARS = {str: "string", int: "integer", bool: "boolean"}


def of_hint(hint: Any) -> Shape:
    if is_typeddict(hint):
        required = hint.__required_keys__
        return {
            name if name in required else f"{name}?": of_hint(each)
            for name, each in get_type_hints(hint).items()
        }
    match get_origin(hint), get_args(hint):
        case origin, (value,) if origin is Literal:
            return {"const": value}
        case origin, values if origin is Literal:
            return {"one of": [*values]}
        case origin, (inner,) if origin is list:
            return {"list": of_hint(inner)}
        case origin, (key, inner) if origin is dict and key is str:
            return {"map": of_hint(inner)}
        case _:
            return SCALARS[hint]


def of_typescript(text: str, named: Mapping[str, Shape]) -> Shape:
    if text.startswith('"'):
        options = [json.loads(each) for each in text.split(" | ")]
        return {"one of": options} if len(options) > 1 else {"const": options[0]}
    if text.endswith("[]"):
        return {"list": of_typescript(text.removesuffix("[]").strip("()"), named)}
    if found := re.fullmatch(r"Record<string, (.+)>", text):
        return {"map": of_typescript(found[1], named)}
    return named[text]


def interfaces(text: str) -> dict[str, Shape]:
    """The interfaces of a file, each defined before it is used."""
    named: dict[str, Shape] = {"number": "integer", "string": "string", "boolean": "boolean"}
    for name, body in re.findall(r"^export interface (\w+) \{\n(.*?)^\}", text, re.M | re.S):
        lines = [
            re.fullmatch(r"  (\w+\??): (.+);( // [a-z-]+)?", each) for each in body.split("\n")[:-1]
        ]
        assert all(lines), body
        named[name] = {line[1]: of_typescript(line[2], named) for line in lines if line}
    return named


@pytest.mark.parametrize("resources", SETS.values(), ids=SETS)
def test_the_types_of_python_are_those_of_the_schemas(resources: Any) -> None:
    module: dict[str, Any] = {}
    exec(compile(payload_types.python(resources), "events.py", "exec", dont_inherit=True), module)  # noqa: S102
    union = get_args(module["WebhookEvent"])

    schemas = [Webhooks(resources).schema(each) for each in Webhooks(resources).event_types]
    assert [of_hint(each) for each in union] == [of_schema(each) for each in schemas]


@pytest.mark.parametrize("resources", SETS.values(), ids=SETS)
def test_the_types_of_typescript_are_those_of_the_schemas(resources: Any) -> None:
    text = payload_types.typescript(resources)
    named = interfaces(text)
    union = re.findall(r"^  \| (\w+)", text.partition("export type WebhookEvent =")[2], re.M)

    schemas = [Webhooks(resources).schema(each) for each in Webhooks(resources).event_types]
    assert [named[each] for each in union] == [of_schema(each) for each in schemas]


def test_two_objects_of_one_name_are_an_error() -> None:
    fields: list[Any] = [("owner", str), ("id", int), ("parcel", Parcel), ("version", int, 1)]
    shipment = make_dataclass("Shipment", fields)

    with pytest.raises(ValueError, match="two types have the name Parcel: rename one"):
        payload_types.python([INVOICE, resource_type("shipment", shipment)])


def test_a_schema_without_a_type_is_an_error() -> None:
    with pytest.raises(ValueError, match="no type is known for"):
        payload_types._PYTHON.type_of({"type": "null"}, {})
