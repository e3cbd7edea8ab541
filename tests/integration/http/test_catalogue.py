"""Each event is what the catalogue says of its type."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from app.http.webhooks import DIALECT
from app.resources.todo import TODO
from infra.docs.contract import example, openapi
from tests.support import WEBHOOKS

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from app.domain.events import EventType
    from tests.support import Convoy

TYPES = {event_type.name: event_type for event_type in WEBHOOKS.event_types}
MUTILATED: dict[str, dict[str, Any]] = {
    "another type's": {"event": "todo.other"},
    "no moment": {"occurred_at": "yesterday"},
    "a numbered event": {"id": 1},
}


def check(event_type: EventType, payload: Any) -> None:
    schema = WEBHOOKS.schema(event_type) | {"$schema": DIALECT}
    jsonschema.Draft7Validator.check_schema(schema)
    checker = jsonschema.Draft7Validator.FORMAT_CHECKER
    jsonschema.Draft7Validator(schema, format_checker=checker).validate(payload)


def test_a_ping_is_as_the_catalogue_says(client: TestClient, convoy: Convoy) -> None:
    client.get("/")

    (published,) = convoy.events()
    check(TYPES[published["event_type"]], published["data"])


@pytest.mark.parametrize("event_type", WEBHOOKS.event_types, ids=lambda each: each.name)
def test_an_example_is_as_the_catalogue_says(event_type: EventType) -> None:
    check(event_type, example(event_type))


@pytest.mark.parametrize("event_type", WEBHOOKS.event_types, ids=lambda each: each.name)
@pytest.mark.parametrize("damage", MUTILATED.values(), ids=list(MUTILATED))
def test_a_mutilated_payload_is_not(event_type: EventType, damage: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        check(event_type, example(event_type) | damage)


@pytest.mark.parametrize("event_type", WEBHOOKS.event_types, ids=lambda each: each.name)
def test_what_is_always_there_is_demanded(event_type: EventType) -> None:
    for name in WEBHOOKS.schema(event_type)["required"]:
        payload = copy.copy(example(event_type))
        del payload[name]
        with pytest.raises(jsonschema.ValidationError):
            check(event_type, payload)


def test_what_is_added_later_is_let_pass() -> None:
    check(TODO.events.created, example(TODO.events.created) | {"more": 1})


def test_the_openapi_document_has_every_event_with_its_schema() -> None:
    described = {
        name: operations["post"]["requestBody"]["content"]["application/json"]["schema"]
        for name, operations in openapi()["webhooks"].items()
    }

    assert described == {name: WEBHOOKS.schema(each) for name, each in TYPES.items()}
