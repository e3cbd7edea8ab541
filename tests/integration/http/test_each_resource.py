"""Promises for each resource of the register, tested with its documented examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from app.http import application
from app.http.examples import examples_of
from tests.components import make_service
from tests.integration.http.test_catalogue import check
from tests.register import RESOURCES
from tests.support import OWNER, WEBHOOKS
from tests.tables import make_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.publisher import ConvoyPublisher
    from app.domain.resource import ResourceType
    from tests.stand_in import Convoy


@pytest.fixture(params=RESOURCES, ids=lambda each: each.name)
def resource(request: pytest.FixtureRequest) -> ResourceType[Any]:
    registered: ResourceType[Any] = request.param
    return registered


@pytest.fixture
def client(
    dynamodb: DynamoDBClient, publisher: ConvoyPublisher, resource: ResourceType[Any]
) -> Iterator[TestClient]:
    store = make_store(dynamodb, type=resource)
    service = make_service(dynamodb, publisher, type=resource, store=store)
    with TestClient(application.build([service], lambda _: OWNER)) as client:
        yield client


def test_every_event_matches_the_catalogue(
    client: TestClient, convoy: Convoy, resource: ResourceType[Any]
) -> None:
    path, example = f"/{resource.name}", examples_of(resource)
    name, value = next(iter(example.items()))

    statuses = [
        client.post(path, json={"id": 1, **example}).status_code,
        client.get(path).status_code,
        client.get(f"{path}/1").status_code,
        client.put(f"{path}/1", json={name: value}).status_code,
        client.delete(f"{path}/1").status_code,
        client.delete(f"{path}/1").status_code,
    ]

    assert statuses == [201, 200, 200, 200, 200, 404]
    types = {each.name: each for each in WEBHOOKS.event_types}
    published = convoy.events()
    assert {each["event_type"] for each in published} == {each.name for each in resource.events}
    for event in published:
        check(types[event["event_type"]], event["data"])


def test_a_resource_is_read_as_it_was_written(
    client: TestClient, resource: ResourceType[Any]
) -> None:
    example = examples_of(resource)
    client.post(f"/{resource.name}", json={"id": 1, **example})

    read = client.get(f"/{resource.name}/1").json()

    assert read == {"data": {"id": 1, **example, "version": 1}}
