from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from tests.integration.customers.world import Customer, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stand_in import Convoy


@pytest.fixture
def world(convoy: Convoy) -> Iterator[World]:
    with closing(World(convoy)) as world:
        yield world


@pytest.fixture
def http(world: World) -> Iterator[TestClient]:
    with TestClient(world.app(), raise_server_exceptions=False) as http:
        yield http


@pytest.fixture
def ann(http: TestClient, convoy: Convoy) -> Customer:
    return Customer(http, "ann", convoy)


@pytest.fixture
def bob(http: TestClient, convoy: Convoy) -> Customer:
    return Customer(http, "bob", convoy)
