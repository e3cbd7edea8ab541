"""What a service promises for each type of resource."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.domain.idempotency import KeyReused
from app.domain.ports import Clash, StoreUnavailable
from tests.components import make_service
from tests.support import OWNER, new_ids
from tests.todo import TODO

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.publisher import ConvoyPublisher
    from tests.tables import Outbox, TodoStore


def test_a_key_used_for_two_resource_types_fails_for_the_second(
    dynamodb: DynamoDBClient, publisher: ConvoyPublisher, outbox: Outbox
) -> None:
    ids = new_ids()
    todos = make_service(dynamodb, publisher, new_event_id=ids)
    others = make_service(dynamodb, publisher, new_event_id=ids, type=replace(TODO, name="other"))
    todos.create(OWNER, 1, {"item": "x"}, key="k")

    with pytest.raises(KeyReused):
        others.create(OWNER, 1, {"item": "x"}, key="k")


def test_pauses_between_decisions_grow_and_none_follows_the_last(
    dynamodb: DynamoDBClient,
    publisher: ConvoyPublisher,
    store: TodoStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def clash(*_: object) -> None:
        raise Clash

    pauses: list[int] = []
    service = make_service(dynamodb, publisher, pause=pauses.append)
    service.create(OWNER, 1, {"item": "x"})
    monkeypatch.setattr(type(store), "commit", clash)

    with pytest.raises(StoreUnavailable):
        service.update(OWNER, 1, {"item": "y"})

    assert pauses == [1, 2, 3, 4, 5, 6, 7]


def test_a_bodys_owner_and_id_never_replace_the_requests(
    dynamodb: DynamoDBClient, publisher: ConvoyPublisher
) -> None:
    fields = {"item": "x", "owner": "bob", "id": 2}
    service = make_service(dynamodb, publisher)

    service.create(OWNER, 1, fields)

    assert [todo.id for todo in service.page(OWNER, limit=10, after=None).found] == [1]
    assert service.page("bob", limit=10, after=None).found == []
