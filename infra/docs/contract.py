"""`make docs`: writes the contract (the API, its events, their types) from the code, and what the
pages of the reference show of it.

A change that breaks clients is not written without --accept-breaking. With --check nothing is
written.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.domain.event_log import EventLog
from app.domain.events import PING, envelope
from app.domain.service import Service
from app.http import application
from app.http.examples import carried_by
from app.http.webhooks import Webhooks
from app.register import RESOURCES
from app.wiring.customers import documented_routes
from infra.docs import commands, pages, payload_types, signatures
from infra.docs.schemas import values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.domain.events import EventType

DOCS = Path(__file__).parents[2] / "docs"
OPENAPI = DOCS / "openapi.json"
EVENTS = DOCS / "events.md"

PROSE = {"description", "summary", "title", "examples"}
"""Fields that only people read, unless the keys at that place are names."""

NAMED = (
    "/$defs", "/content", "/headers", "/paths", "/properties", "/responses", "/schemas",
    "/webhooks",
)  # fmt: skip
"""Places where keys are names: a new name breaks no client."""

METHODS = {"delete", "get", "head", "options", "patch", "post", "put"}


def openapi() -> dict[str, Any]:
    """The document of all routes. It needs no working service."""
    dependencies = ("store", "delivery", "clock", "new_event_id", "new_id", "pause")
    nothing: dict[str, Any] = dict.fromkeys(dependencies)
    services = [Service(type=each, **nothing) for each in RESOURCES]
    log = EventLog(nothing["store"], nothing["clock"], timedelta(), timedelta())
    app = application.build(services, lambda _: "", log=log, elsewhere=documented_routes)
    return app.openapi()


def breaking(old: object, new: object, at: str = "") -> Iterator[str]:
    """Every change that may break a client of the old document."""
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
        yield from (f"{at}/{name} is required" for name in added if after[name].get("required"))
    else:
        yield from (f"{at} has no {value!r} any more" for value in old if value not in new)


def _breaking_keys(old: dict[str, Any], new: dict[str, Any], at: str) -> Iterator[str]:
    keys_are_names = at.endswith(NAMED)
    for key in sorted(old if keys_are_names else old.keys() - PROSE):
        if not (key == "required" and _promises_more(old, new)):
            yield from _breaking_key(old, new, key, at)
    if not keys_are_names:
        added = new.keys() - old.keys() - PROSE - METHODS
        yield from (f"{at}/{key} is new" for key in sorted(added))


def _promises_more(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether a schema of what is sent to clients has the same required fields, or more of them.

    A schema of what clients send allows no other properties.
    """
    if "properties" not in new or new.get("additionalProperties") is False:
        return False
    return set(old["required"]) <= set(new.get("required", ()))


def _breaking_key(old: dict[str, Any], new: dict[str, Any], key: str, at: str) -> Iterator[str]:
    if key in new:
        yield from breaking(old[key], new[key], f"{at}/{key}")
    else:
        yield f"{at}/{key} is gone"


def _by_name(parameters: list[Any]) -> dict[str, Any]:
    return {f"{each['in']} {each['name']}": each for each in parameters}


VERSIONS = {"updated": 2, "deleted": 3}
"""The version of the resource in the example; 1 for all other types."""

WEBHOOKS = Webhooks(RESOURCES)


def example(event_type: EventType) -> dict[str, object]:
    """The payload of an event of this type, at a fixed time."""
    action = event_type.name.rpartition(".")[2]
    version = VERSIONS.get(action, 1)
    about = carried_by(event_type, RESOURCES, resource_id=1, version=version)
    event_id = "01a20c91-a000-7111-8c99-8b099a3e16df"
    at = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    return dict(envelope(event_type, event_id=event_id, owner="ann", now=at, **about).data)


INTRODUCTION = """# Events

Written by `make docs` from the resources in `app/register.py`; `docs/openapi.json` has the same as
`webhooks`.

Each event is published to Convoy. Convoy sends its payload to the endpoints of the resource's
owner, as the body of a POST. How to receive it: [receivers.md](receivers.md). Other fields may be
added at any time: ignore them.
"""


def events() -> str:
    """`docs/events.md`."""
    sections = [_section(PING, "`GET /` was called.")]
    for resource in RESOURCES:
        name, of = resource.name, resource.events
        sections += [
            _section(of.retrieved, f"`GET`. `{name}` is there if one was asked for."),
            _section(of.created, f"`POST`. `{name}` is the new state."),
            _section(of.updated, f"`PUT`. `{name}` is the state after it."),
            _section(
                of.deleted,
                f"`DELETE`. `{name}` is the last state, under the deletion's own version.",
            ),
            _section(of.failed, f"`PUT` or `DELETE` of an id that has no {name}. Nothing changed."),
        ]
    return "\n".join([INTRODUCTION, *sections])


def _section(event_type: EventType, when: str) -> str:
    schema = WEBHOOKS.schema(event_type)
    rows = [
        f"| `{name}` | {values(each)} | {'yes' if name in schema['required'] else 'no'} |"
        for name, each in schema["properties"].items()
    ]
    payload = json.dumps(example(event_type), indent=2)
    table = "\n".join(["| field | value | always there |", "|---|---|---|", *rows])
    return f"## `{event_type.name}`\n\n{when}\n\n{table}\n\n```json\n{payload}\n```\n"


def text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def documents(document: dict[str, Any]) -> dict[Path, str]:
    """Everything that `make docs` writes; `document` is the OpenAPI document."""
    return {
        OPENAPI: text(document),
        EVENTS: events(),
        commands.COMMANDS: commands.text(),
        **pages.written(document),
        payload_types.TYPESCRIPT: payload_types.typescript(RESOURCES),
        payload_types.PYTHON: payload_types.python(RESOURCES),
        signatures.VECTORS: signatures.text(),
    }


def main() -> None:
    options = _options()
    built = openapi()
    written = documents(built)
    if options.check:
        sys.exit(_outdated(written))
    if OPENAPI.exists() and not options.accept_breaking:
        broken = list(breaking(json.loads(OPENAPI.read_text()), built))
        if broken:
            changes = "\n".join(broken)
            sys.exit(
                f"{changes}\nThis breaks clients: nothing was written. If you mean to break them:"
                " make docs ARGS=--accept-breaking"
            )
    for path, content in written.items():
        path.write_text(content)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Write the documents of the contract.")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--accept-breaking", action="store_true", help="write a document that breaks clients"
    )
    how.add_argument(
        "--check", action="store_true", help="write nothing: exit code 1 if a document is outdated"
    )
    return parser.parse_args()


def _outdated(written: Mapping[Path, str]) -> str | None:
    """Names the outdated documents. None if there are none."""
    names = [
        os.path.relpath(path)
        for path, content in written.items()
        if not path.exists() or path.read_text() != content
    ]
    return (
        f"error: outdated: {', '.join(names)}. Run make docs, and commit them." if names else None
    )


if __name__ == "__main__":
    main()
