"""The types of the payloads, for receivers: `make docs` writes them for TypeScript and for Python.

They come from the JSON schemas of the events, which `docs/events.md` shows too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.http.webhooks import Webhooks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from app.domain.resource import ResourceType

EXAMPLES = Path(__file__).parents[2] / "examples"
TYPESCRIPT = EXAMPLES / "events.d.ts"
PYTHON = EXAMPLES / "events.py"

ABOUT = "The payload of each event, as docs/events.md describes it. Written by `make docs`."
MORE = "Other fields and other events may be added at any time: ignore them."
LINE = 100

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    schema: Schema
    required: bool


@dataclass(frozen=True, slots=True)
class Payload:
    """A type with a name: a resource, or the payload of an event."""

    name: str
    about: str
    fields: Sequence[Field]


@dataclass(frozen=True, slots=True)
class Language:
    """How the types are written. In `list_of` and `map_of`, `{}` is the type inside."""

    scalars: Mapping[str, str]
    list_of: str
    map_of: str
    literal: str
    either: str

    def type_of(self, schema: Schema, names: Mapping[str, str]) -> str:
        """`names` has the named type of a schema, by its title. Raises ValueError."""
        if "const" in schema:
            return self.literal.format(json.dumps(schema["const"]))
        if "enum" in schema:
            return self.literal.format(self.either.join(map(json.dumps, schema["enum"])))
        if "properties" in schema:
            return names[schema["title"]]
        if "items" in schema:
            inner = self.type_of(schema["items"], names)
            return self.list_of.format(f"({inner})" if "enum" in schema["items"] else inner)
        if "additionalProperties" in schema:
            return self.map_of.format(self.type_of(schema["additionalProperties"], names))
        if schema.get("type") in self.scalars:
            return self.scalars[schema["type"]]
        raise ValueError(f"no type is known for {schema}: add it to {__name__}")


_TYPESCRIPT = Language(
    {"boolean": "boolean", "integer": "number", "string": "string"},
    "{}[]",
    "Record<string, {}>",
    "{}",
    " | ",
)
_PYTHON = Language(
    {"boolean": "bool", "integer": "int", "string": "str"},
    "list[{}]",
    "dict[str, {}]",
    "Literal[{}]",
    ", ",
)


def payloads(resources: Sequence[ResourceType[Any]]) -> tuple[list[Payload], list[Payload]]:
    """The types of the resources, after those of their objects; and the types of the events.

    Raises ValueError if two different objects have one name.
    """
    webhooks = Webhooks(resources)
    carried: dict[str, Schema] = {}
    events = []
    for event_type in webhooks.event_types:
        schema = webhooks.schema(event_type)
        words = event_type.event.replace(".", "_").split("_")
        name = "".join(word.capitalize() for word in words)
        events.append(Payload(name, f"Event type `{event_type.name}`.", _fields(schema)))
        carried |= schema["properties"]
    models: dict[str, Payload] = {}
    for resource in resources:
        schema = carried[resource.name] | {"title": resource.model.__name__}
        for each in _objects(schema):
            model = Payload(each["title"], "", _fields(each))
            if models.setdefault(model.name, model) != model:
                raise ValueError(f"two types have the name {model.name}: rename one of them")
    return [*models.values()], events


def _objects(schema: Schema) -> Iterator[Schema]:
    """The objects in this schema, each before the one that has it, and the schema itself."""
    below = schema.get("properties", {}).values()
    for each in (*below, schema.get("items"), schema.get("additionalProperties")):
        if isinstance(each, dict):
            yield from _objects(each)
    if "properties" in schema:
        yield schema


def _fields(schema: Schema) -> list[Field]:
    return [
        Field(name, each, name in schema.get("required", ()))
        for name, each in schema["properties"].items()
    ]


def _names(resources: Sequence[ResourceType[Any]], models: Sequence[Payload]) -> dict[str, str]:
    own = {each.name: each.name for each in models}
    return own | {f"{each.model.__name__}Out": each.model.__name__ for each in resources}


def typescript(resources: Sequence[ResourceType[Any]]) -> str:
    """`examples/events.d.ts`."""
    models, events = payloads(resources)
    names = _names(resources, models)
    blocks = [f"// {ABOUT}\n// {MORE}\n"]
    for each in (*models, *events):
        about = f"/** {each.about} */\n" if each.about else ""
        fields = "".join(f"  {line}\n" for line in _typescript_fields(each, names))
        blocks.append(f"{about}export interface {each.name} {{\n{fields}}}\n")
    union = "".join(f"\n  | {each.name}" for each in events)
    blocks.append(f"export type WebhookEvent ={union};\n")
    return "\n".join(blocks)


def _typescript_fields(payload: Payload, names: Mapping[str, str]) -> Iterator[str]:
    for each in payload.fields:
        optional = "" if each.required else "?"
        line = f"{each.name}{optional}: {_TYPESCRIPT.type_of(each.schema, names)};"
        yield line + _comment(each.schema, " // ")


def python(resources: Sequence[ResourceType[Any]]) -> str:
    """`examples/events.py`, as the project's formatter would write it."""
    models, events = payloads(resources)
    names = _names(resources, models)
    blocks = [
        f'"""{ABOUT}\n\n{MORE}\n"""\n\nfrom typing import Literal, NotRequired, TypedDict\n',
        *(_python_class(each, names) for each in (*models, *events)),
        _python_union([each.name for each in events]),
    ]
    return "\n\n".join(blocks)


def _python_class(payload: Payload, names: Mapping[str, str]) -> str:
    about = f'    """{payload.about}"""\n\n' if payload.about else ""
    fields = "".join(f"    {line}\n" for line in _python_fields(payload, names))
    return f"class {payload.name}(TypedDict):\n{about}{fields}"


def _python_fields(payload: Payload, names: Mapping[str, str]) -> Iterator[str]:
    for each in payload.fields:
        of_field = _PYTHON.type_of(each.schema, names)
        line = f"{each.name}: {of_field if each.required else f'NotRequired[{of_field}]'}"
        yield line + _comment(each.schema, "  # ")


def _python_union(names: Sequence[str]) -> str:
    line = f"WebhookEvent = {' | '.join(names)}\n"
    if len(line) <= LINE:
        return line
    return "WebhookEvent = (\n    {}\n)\n".format("\n    | ".join(names))


def _comment(schema: Schema, mark: str) -> str:
    """The format of a text, which no type says: `date-time`, `decimal`."""
    found = schema.get("format") or schema.get("items", {}).get("format")
    return f"{mark}{found}" if found else ""
