"""The first resource of `app/register.py`: a test of a process that it starts sends this one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import ValidationError

from app.http.examples import examples_of
from app.http.resource_schemas import schemas_of
from tests.register import OWN

if TYPE_CHECKING:
    from tests.support import JsonObject

RESOURCE = OWN[0]
PATH = f"/{RESOURCE.name}"
NEW = examples_of(RESOURCE)
"""The body of a creation, without an id."""


def _others(value: object) -> tuple[object, ...]:
    match value:
        case bool():
            return (not value,)
        case int():
            return value + 1, value - 1
        case str() | list():
            return value[:-1], value * 2
    return ()


def _is_body(body: JsonObject) -> bool:
    try:
        schemas_of(RESOURCE).update.model_validate_json(json.dumps(body))
    except ValidationError:
        return False
    return True


CHANGED: JsonObject = next(
    {name: other}
    for name, value in NEW.items()
    for other in _others(value)
    if _is_body({name: other})
)
"""The body of an update: another value of one field."""
