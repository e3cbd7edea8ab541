"""The table of docs/settings.md: each setting with its default, its values and its docstring."""

from __future__ import annotations

import ast
import inspect
import json
from typing import TYPE_CHECKING, Any

from app.settings import ConvoySettings, Settings
from infra.docs.schemas import values

if TYPE_CHECKING:
    from collections.abc import Iterator


def table() -> str:
    schemas = Settings.model_json_schema()["properties"]
    rows = [
        f"| `{name.upper()}` | {_default(schemas[name])} | {_values(schemas[name])} | {meaning} |"
        for owner in (ConvoySettings, Settings)
        for name, meaning in _docstrings(owner)
    ]
    return "\n".join(["| name | default | values | meaning |", "|---|---|---|---|", *rows])


def _docstrings(model: type) -> Iterator[tuple[str, str]]:
    """Each field of the class itself with the text below it. Raises ValueError if there is none."""
    defined = next(
        each
        for each in ast.walk(ast.parse(inspect.getsource(model)))
        if isinstance(each, ast.ClassDef)
    )
    for at, each in enumerate(defined.body):
        if not isinstance(each, ast.AnnAssign) or not isinstance(each.target, ast.Name):
            continue
        match defined.body[at + 1]:
            case ast.Expr(ast.Constant(str(text))):
                yield each.target.id, inspect.cleandoc(text).replace("\n", " ")
            case _:
                raise ValueError(f"{model.__name__}.{each.target.id} has no text below it")


def _default(schema: dict[str, Any]) -> str:
    match schema.get("default"):
        case None:
            return "needed"
        case "":
            return "\N{EN DASH}"
        case str(text):
            return f"`{text}`"
        case float(number):
            return f"`{number:g}`"
        case other:
            return f"`{json.dumps(other)}`"


def _values(schema: dict[str, Any]) -> str:
    return "text" if schema["type"] == "string" and "enum" not in schema else values(schema)
