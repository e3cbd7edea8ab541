"""What a service promises whatever its kind of resource."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.domain.ports import Clash, StoreUnavailable
from app.domain.service import KeyReused
from app.resources.todo import TODO
from tests.components import make_service
from tests.support import OWNER, new_ids

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.publisher import ConvoyPublisher
    from tests.tables import Outbox, TodoStore


def test_one_key_for_two_kinds_of_resources_is_told_to_the_second(
    dynamodb: DynamoDBClient, publisher: ConvoyPublisher, outbox: Outbox
) -> None:
    ids = new_ids()
    todos = make_service(dynamodb, publisher, new_event_id=ids)
    others = make_service(dynamodb, publisher, new_event_id=ids, type=replace(TODO, name="other"))
    todos.create(OWNER, 1, {"item": "x"}, key="k")

    with pytest.raises(KeyReused):
        others.create(OWNER, 1, {"item": "x"}, key="k")


def test_between_its_decisions_a_change_waits_longer_each_time_and_not_after_the_last(
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


def test_whatever_a_body_says_the_owner_is_the_requests(
    dynamodb: DynamoDBClient, publisher: ConvoyPublisher
) -> None:
    fields = {"item": "x", "owner": "bob", "id": 2}
    service = make_service(dynamodb, publisher)

    service.create(OWNER, 1, fields)

    assert [todo.id for todo in service.page(OWNER, limit=10, after=None).found] == [1]
    assert service.page("bob", limit=10, after=None).found == []
