"""HEAD is answered wherever GET is, with its status and headers.

This client never shows a body; attack/test_declared.py and lambda_/test_gateway.py look for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.stand_in import Convoy

pytestmark = pytest.mark.usefixtures("one_todo")


PATHS = ["/", "/todo", "/todo/1", "/todo/9", "/todo/x", "/nothing", "/openapi.json"]


def test_head_has_the_status_and_the_headers_of_get(client: TestClient) -> None:
    for path in PATHS:
        got, head = client.get(path), client.head(path)

        assert (head.status_code, head.headers) == (got.status_code, got.headers), path
        assert int(head.headers["content-length"]) == len(got.content)


def test_head_publishes_what_get_publishes(client: TestClient, convoy: Convoy) -> None:
    for path in ("/", "/todo", "/todo/1"):
        client.get(path)
        client.head(path)

    _, *types = [event["event_type"] for event in convoy.events()]
    assert types == ["ping"] * 2 + ["retrieved"] * 4
