"""Each event matches the schema of its event type."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from app.http.webhooks import DIALECT
from infra.docs.contract import example, openapi
from tests.support import WEBHOOKS
from tests.todo import TODO

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from app.domain.events import EventType
    from tests.stand_in import Convoy

TYPES = {event_type.name: event_type for event_type in WEBHOOKS.event_types}
DAMAGES: dict[str, dict[str, Any]] = {
    "another type's": {"event": "todo.other"},
    "no moment": {"occurred_at": "yesterday"},
    "a numbered event": {"id": 1},
}


def check(event_type: EventType, payload: Any) -> None:
    schema = WEBHOOKS.schema(event_type) | {"$schema": DIALECT}
    jsonschema.Draft7Validator.check_schema(schema)
    checker = jsonschema.Draft7Validator.FORMAT_CHECKER
    jsonschema.Draft7Validator(schema, format_checker=checker).validate(payload)


def test_a_ping_matches_its_schema(client: TestClient, convoy: Convoy) -> None:
    client.get("/")

    (published,) = convoy.events()
    check(TYPES[published["event_type"]], published["data"])


@pytest.mark.parametrize("event_type", WEBHOOKS.event_types, ids=lambda each: each.name)
def test_an_example_matches_its_schema(event_type: EventType) -> None:
    check(event_type, example(event_type))


@pytest.mark.parametrize("event_type", WEBHOOKS.event_types, ids=lambda each: each.name)
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=list(DAMAGES))
def test_a_damaged_payload_does_not_match(event_type: EventType, damage: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        check(event_type, example(event_type) | damage)


@pytest.mark.parametrize("event_type", WEBHOOKS.event_types, ids=lambda each: each.name)
def test_a_required_field_can_not_be_missing(event_type: EventType) -> None:
    for name in WEBHOOKS.schema(event_type)["required"]:
        payload = copy.copy(example(event_type))
        del payload[name]
        with pytest.raises(jsonschema.ValidationError):
            check(event_type, payload)


def test_a_new_field_is_allowed() -> None:
    check(TODO.events.created, example(TODO.events.created) | {"more": 1})


def test_the_openapi_document_has_every_event_with_its_schema() -> None:
    described = {
        name: operations["post"]["requestBody"]["content"]["application/json"]["schema"]
        for name, operations in openapi()["webhooks"].items()
    }

    assert described == {name: WEBHOOKS.schema(each) for name, each in TYPES.items()}
