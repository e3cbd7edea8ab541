"""The todo that a refused request could have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from starlette.testclient import TestClient


@pytest.fixture
def one_todo(client: TestClient) -> None:
    client.post("/todo", json={"id": 1, "item": "one"})
