"""The todo that a refused request could have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from starlette.testclient import TestClient

# So that a failure there shows both sides, as in a test.
pytest.register_assert_rewrite("tests.api.refusals")


@pytest.fixture
def one_todo(client: TestClient) -> None:
    client.post("/todo", json={"id": 1, "item": "one"})
