"""`make docs`: writes what is told of the contract, out of the code: the API and its events.

A document that breaks its clients is not written, unless told so with --accept-breaking.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.domain.events import CATALOGUE, envelope
from app.http import application, webhooks
from app.todos.model import Todo
from infra.docs import signatures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.domain.events import EventType

DOCS = Path(__file__).parents[2] / "docs"
OPENAPI = DOCS / "openapi.json"
EVENTS = DOCS / "events.md"

PROSE = {"description", "summary", "title", "examples"}
"""What only people read, but where keys are names."""

NAMED = (
    "/$defs", "/content", "/headers", "/paths", "/properties", "/responses", "/schemas",
    "/webhooks",
)  # fmt: skip
"""Where keys are names: a new one is one more, and breaks nobody."""

METHODS = {"delete", "get", "head", "options", "patch", "post", "put"}


def openapi() -> dict[str, Any]:
    """The document of the API, which needs no service to tell of itself."""
    app = application.build(None, lambda _: "")  # type: ignore[arg-type]
    return app.openapi()


def breaking(old: object, new: object, at: str = "") -> Iterator[str]:
    """What a client of the old document may stumble over: where in doubt, it is told."""
    if at == "/info":
        return
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _breaking_keys(old, new, at)
    elif not isinstance(old, list) or not isinstance(new, list) or at.endswith("/required"):
        if old != new:
            yield f"{at} was {old!r}, is {new!r}"
    elif at.endswith("/parameters"):
        before, after = _by_name(old), _by_name(new)
        for name in before:
            yield from _breaking_key(before, after, name, at)
        added = sorted(after.keys() - before.keys())
        yield from (f"{at}/{name} is demanded" for name in added if after[name].get("required"))
    else:
        yield from (f"{at} has no {value!r} any more" for value in old if value not in new)


def _breaking_keys(old: dict[str, Any], new: dict[str, Any], at: str) -> Iterator[str]:
    named = at.endswith(NAMED)
    for key in sorted(old if named else old.keys() - PROSE):
        yield from _breaking_key(old, new, key, at)
    if not named:
        added = new.keys() - old.keys() - PROSE - METHODS
        yield from (f"{at}/{key} is new" for key in sorted(added))


def _breaking_key(old: dict[str, Any], new: dict[str, Any], key: str, at: str) -> Iterator[str]:
    if key in new:
        yield from breaking(old[key], new[key], f"{at}/{key}")
    else:
        yield f"{at}/{key} is gone"


def _by_name(parameters: list[Any]) -> dict[str, Any]:
    return {f"{each['in']} {each['name']}": each for each in parameters}


VERSIONS = {"updated": 2, "deleted": 3}
"""Of the todo in the event; in others 1."""


def example(event_type: EventType) -> dict[str, object]:
    """The payload of an event of this type, at a fixed time."""
    version = VERSIONS.get(event_type.name, 1)
    examples = {"todo": Todo("ann", 1, "Write the tests", version=version).public(), "todo_id": 1}
    about = {name: each for name, each in examples.items() if name == event_type.carries}
    event_id = "01a20c91-a000-7111-8c99-8b099a3e16df"
    at = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    return dict(envelope(event_type, event_id=event_id, owner="ann", now=at, **about).data)


INTRODUCTION = """# Events

Written by `make docs` from `app/domain/events.py`; `docs/openapi.json` has the same as `webhooks`.

Each event is published to Convoy, which sends its payload to the endpoints of the todos' owner, as
the body of a POST. How to receive them: [receivers.md](receivers.md). What is not named here may be
added at any time: pass over it.
"""

WHEN = {
    "ping": "`GET /` was called.",
    "retrieved": "Todos were read; `todo` is there if it was one alone.",
    "created": "A todo was created; `todo` is its state after that.",
    "updated": "A todo was updated; `todo` is its state after that.",
    "deleted": "A todo was deleted; `todo` is its last state, under the deletion's own version.",
    "failed": "A todo that is not there was to be updated or deleted. Nothing changed.",
}


def events() -> str:
    """`docs/events.md`."""
    sections = [_section(event_type) for event_type in CATALOGUE]
    return "\n".join([INTRODUCTION, *sections])


def _section(event_type: EventType) -> str:
    schema = webhooks.schema(event_type)
    rows = [
        f"| `{name}` | {_kind(value)} | {'always' if name in schema['required'] else 'at times'} |"
        for name, value in schema["properties"].items()
    ]
    payload = json.dumps(example(event_type), indent=2)
    table = "\n".join(["| field | what | |", "|---|---|---|", *rows])
    name = event_type.name
    return f"## `{name}`\n\n{WHEN[name]}\n\n{table}\n\n```json\n{payload}\n```\n"


def _kind(schema: dict[str, Any]) -> str:
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "properties" in schema:
        fields = (f"`{name}` ({_kind(value)})" for name, value in schema["properties"].items())
        return ", ".join(fields)
    bounds = {"minimum": "from", "maximum": "to", "minLength": "from", "maxLength": "to"}
    told = [f"{word} {schema[name]}" for name, word in bounds.items() if name in schema]
    unit = ["characters"] if "maxLength" in schema else []
    return " ".join([schema.get("format", schema["type"]), *told, *unit])


def text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the documents of the contract.")
    parser.add_argument("--accept-breaking", action="store_true", help="write it all the same")
    accepted = parser.parse_args().accept_breaking
    document = openapi()
    if OPENAPI.exists():
        broken = list(breaking(json.loads(OPENAPI.read_text()), document))
        if broken and not accepted:
            told = "\n".join(broken)
            sys.exit(
                f"{told}\nThis breaks clients. If it is meant: make docs ARGS=--accept-breaking"
            )
    OPENAPI.write_text(text(document))
    EVENTS.write_text(events())
    signatures.VECTORS.write_text(signatures.text())


if __name__ == "__main__":
    main()
