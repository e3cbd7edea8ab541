"""The modules that a cold start takes longest for, each with the reason why it is imported."""

from __future__ import annotations

import sys

from benchmarks.compare.tables import Table

LEAST_MS = 2.0
"""Milliseconds of its own that a module of the table takes."""

PYTHONS = "Python's own"

REASONS = {
    "handler": "makes the client of DynamoDB, the routes and the application",
    "pydantic_core.core_schema": "pydantic: nearly 90 typed dicts",
    "fastapi.routing": "FastAPI: annotations with the text of its reference",
    "annotated_types": "pydantic: 13 frozen dataclasses",
    "pydantic.types": "pydantic: dataclasses, constrained types",
    "attr.validators": "attrs, which the SDK of Convoy imports",
    "urllib3.util.url": "botocore: regular expressions",
    "attr._make": "attrs: it makes its own classes with attrs",
    "pydantic._internal._decorators": "pydantic: dataclasses",
    "pydantic.functional_validators": "pydantic: dataclasses",
    "anyio._core._synchronization": "Starlette imports anyio: dataclasses",
    "fastapi.params": "FastAPI",
    "starlette.datastructures": "Starlette: URLs, headers, forms",
    "fastapi.applications": "FastAPI",
    "app.outbox.outcomes": "five outcomes of an attempt, as dataclasses",
    "app.http.schemas": "the bases of the bodies, as models of pydantic",
    "botocore.utils": "botocore",
    "pydantic.fields": "pydantic",
    "pydantic.json_schema": "pydantic",
    "opentelemetry.metrics._internal.instrument": "FastAPI's telemetry, which is turned off",
    "pydantic_settings.sources.providers.cli": "pydantic-settings: the sources of all settings",
    "convoy.client": "the SDK of Convoy: classes of attrs",
    "anyio.streams.memory": "Starlette imports anyio: dataclasses",
    "pydantic._internal._generate_schema": "pydantic",
    "app.settings": "three classes of settings",
    "starlette._utils": "Starlette",
    "typing_extensions": "pydantic",
}


def table(ms: dict[str, float], rounds: int) -> Table:
    """`ms`: milliseconds of each module's own, in a cold start of this project."""
    slow = sorted((name for name in ms if ms[name] >= LEAST_MS), key=lambda name: -ms[name])
    return Table(
        name="modules",
        title="The modules that a cold start takes longest for",
        note=f"Milliseconds of a module's own (`python -X importtime`, which takes a part of them"
        f" itself), {LEAST_MS:.0f} or more; medians of {rounds}.",
        columns=("module", "ms", "reason"),
        rows=[[f"`{name}`", ms[name], reason(name)] for name in slow],
    )


def reason(name: str) -> str:
    """An empty text for a module that REASONS still lacks."""
    return REASONS.get(name, PYTHONS if name.partition(".")[0] in sys.stdlib_module_names else "")
