"""Which requests under one Idempotency-Key count as the same."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from app.domain.idempotency import Claim
from app.domain.resource import resource_type
from app.http import application
from app.http.resource_schemas import schemas_of
from tests.components import make_service
from tests.integration.http.idempotent_requests import CREATE, DELETE, KEY, UPDATE, ask
from tests.support import NOW, OWNER
from tests.tables import make_store
from tests.todo import TODO, Todo

if TYPE_CHECKING:
    from fastapi import FastAPI
    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.publisher import ConvoyPublisher
    from tests.integration.http.idempotent_requests import Asked
    from tests.stand_in import Convoy
    from tests.tables import TodoStore

pytestmark = pytest.mark.usefixtures("one_todo")


@pytest.mark.parametrize(
    ("first", "other"),
    [
        (CREATE, ("POST", "/todo", {"item": "three"})),
        (CREATE, ("POST", "/todo", {"item": "two", "completed": True})),
        (CREATE, ("POST", "/todo", {"item": "two", "id": 5})),
        (CREATE, UPDATE),
        (CREATE, DELETE),
        (UPDATE, ("PUT", "/todo/1", {"item": "eins"})),
        (UPDATE, ("PUT", "/todo/2", {"item": "uno"})),
        (UPDATE, DELETE),
        (DELETE, ("DELETE", "/todo/2", None)),
        (DELETE, UPDATE),
    ],
)
def test_another_request_under_the_same_key_is_a_422_that_names_it(
    client: TestClient, convoy: Convoy, first: Asked, other: Asked
) -> None:
    ask(client, first)

    response = ask(client, other)

    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "Idempotency-Key"
    assert len(convoy.events()) == 2


@pytest.mark.parametrize("asked", [UPDATE, DELETE])
@pytest.mark.parametrize("if_match", [{}, {"if-match": '"7"'}])
def test_another_if_match_is_another_request(
    client: TestClient, asked: Asked, if_match: dict[str, str]
) -> None:
    ask(client, asked, KEY | {"if-match": '"1"'})

    assert ask(client, asked, KEY | if_match).status_code == 422


@pytest.mark.parametrize(
    ("asked", "if_match", "stored"),
    [
        (CREATE, {}, '["todo", "create", null, {"item": "two"}]'),
        (UPDATE, {}, '["todo", "update", 1, {"item": "uno"}, null]'),
        (UPDATE, {"if-match": '"2", "1"'}, '["todo", "update", 1, {"item": "uno"}, [1, 2]]'),
        (DELETE, {}, '["todo", "delete", 1, null]'),
    ],
)
def test_a_key_from_before_a_deployment_is_known_after_it(
    client: TestClient, store: TodoStore, asked: Asked, if_match: dict[str, str], stored: str
) -> None:
    claim = Claim(OWNER, KEY["idempotency-key"], sha256(stored.encode()).hexdigest(), NOW)
    store.commit(TODO.create(Todo(OWNER, 5, "x"), now=NOW, event_id="earlier"), claim)

    answer = ask(client, asked, KEY | if_match)

    assert answer.headers["idempotency-replayed"] == "true"


@dataclass(frozen=True)
class LongerTodo(Todo):
    priority: int = 3


@pytest.mark.parametrize("body", [{"item": "two"}, {"item": "two", "completed": False}])
def test_a_field_that_a_deployment_adds_makes_no_other_request(
    client: TestClient,
    dynamodb: DynamoDBClient,
    publisher: ConvoyPublisher,
    body: dict[str, Any],
) -> None:
    first = client.post("/todo", json=body, headers=KEY)

    with TestClient(with_a_longer_todo(dynamodb, publisher)) as deployed:
        again = deployed.post("/todo", json=body, headers=KEY)
        other = deployed.post("/todo", json=body | {"priority": 3}, headers=KEY)

    assert again.headers["idempotency-replayed"] == "true"
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert other.status_code == 422


def with_a_longer_todo(dynamodb: DynamoDBClient, publisher: ConvoyPublisher) -> FastAPI:
    """The API after a deployment that gave the todo a field with a default."""
    longer = resource_type("todo", LongerTodo, events=TODO.events)
    store = make_store(dynamodb, type=longer)
    service = make_service(
        dynamodb, publisher, type=longer, store=store, new_event_id=lambda _: "later"
    )
    return application.build([service], lambda _: OWNER)


def test_a_field_left_out_has_the_documented_default() -> None:
    """The service gets the fields that were sent. The todo's own defaults fill the rest."""
    left_out = schemas_of(TODO).new.model_validate({"item": "x"}).model_dump(exclude={"id"})

    assert Todo(OWNER, 1, **left_out) == Todo(OWNER, 1, "x")


def test_white_space_and_order_do_not_make_another_request(client: TestClient) -> None:
    headers = KEY | {"content-type": "application/json"}
    first = client.post("/todo", content=b'{"id": 2, "item": "two"}', headers=headers)
    again = client.post("/todo", content=b'{"item":"two","id":2}', headers=headers)

    assert (first.status_code, again.status_code) == (201, 201)
