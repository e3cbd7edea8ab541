"""What a service promises whatever its kind of resource."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.service import KeyReused
from app.todos import TODO
from tests.support import OWNER, make_service

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from app.publisher import ConvoyPublisher
    from tests.support import Outbox


def test_one_key_for_two_kinds_of_resources_is_told_to_the_second(
    dynamodb: DynamoDBClient, publisher: ConvoyPublisher, outbox: Outbox
) -> None:
    make_service(dynamodb, publisher).create(OWNER, 1, {"item": "x"}, key="k")
    others = make_service(dynamodb, publisher, kind=replace(TODO, name="other"))

    with pytest.raises(KeyReused):
        others.create(OWNER, 1, {"item": "x"}, key="k")


def test_whatever_a_body_says_the_owner_is_the_requests(
    dynamodb: DynamoDBClient, publisher: ConvoyPublisher
) -> None:
    fields = {"item": "x", "owner": "bob", "id": 2}
    service = make_service(dynamodb, publisher)

    service.create(OWNER, 1, fields)

    assert [todo.id for todo in service.page(OWNER, limit=10, after=None).found] == [1]
    assert service.page("bob", limit=10, after=None).found == []
