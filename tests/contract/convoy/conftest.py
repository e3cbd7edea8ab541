"""A project's API, of the stand-in and of a Convoy that is named: tests here are held against both.

See tests/e2e/test_convoy.py for how to name one; v26.7.3 was, when these tests were written.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import pytest

from infra.fake_convoy.application import API_KEY
from infra.fake_convoy.resources import PROJECT_ID
from tests.contract.convoy.envelope import EVENT, data
from tests.support import named_convoy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import Convoy, Json


@pytest.fixture(params=["stand-in", "named"])
def http(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """A client of a project's API."""
    if request.param == "stand-in":
        convoy: Convoy = request.getfixturevalue("convoy")
        url, api_key, project_id = convoy.api, API_KEY, PROJECT_ID
    else:
        url, api_key, project_id = named_convoy()
    headers = {"authorization": f"Bearer {api_key}"}
    base_url = f"{url}/v1/projects/{project_id}"
    with httpx.Client(base_url=base_url, headers=headers, timeout=30) as http:
        yield http


@pytest.fixture
def owner() -> str:
    """Of this test alone: a named Convoy keeps what was made in it."""
    return str(uuid4())


@pytest.fixture
def endpoint(http: httpx.Client, owner: str) -> Json:
    body = {"name": "mine", "url": "http://127.0.0.1:9", "owner_id": owner}
    made: Json = data(http.post("/endpoints", json=body | {"advanced_signatures": True}))
    return made


@pytest.fixture
def delivered(http: httpx.Client, owner: str, endpoint: Json) -> Json:
    """A delivery to nowhere."""
    data(http.post("/subscriptions", json={"name": "all", "endpoint_id": endpoint["uid"]}))
    key = str(uuid4())
    message = EVENT | {"owner_id": owner, "idempotency_key": key, "custom_headers": {"X-A": "b"}}
    assert http.post("/events/fanout", json=message).status_code == 201
    return one_of(http, key)


def one_of(http: httpx.Client, key: str) -> Json:
    """The delivery of an event; Convoy's worker makes it some time after the 201."""
    until = time.monotonic() + 30
    while True:
        answer = http.get("/eventdeliveries", params={"idempotencyKey": key})
        if answer.status_code == 200 and (content := answer.json()["data"]["content"]):
            found: Json = content[0]
            return found
        assert time.monotonic() < until, answer.text
        time.sleep(0.05)
