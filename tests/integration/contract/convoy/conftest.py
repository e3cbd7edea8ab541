"""A project's API: of the stand-in, and of the real Convoy that the environment names, if any.

tests/integration/e2e/test_convoy.py says how to name one. The tests were written against v26.7.3.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import pytest

from infra.fake_convoy.project import API_KEY, PROJECT_ID
from tests.integration.contract.convoy.envelope import data, delivery_of, publish
from tests.integration.e2e.receiving import LOOPBACK, receiving
from tests.stand_in import named_convoy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.e2e.receiving import Receiver
    from tests.stand_in import Convoy
    from tests.support import JsonObject


tls = cache(httpx.create_ssl_context)
"""For each client. To read the machine's certificates takes 30 ms."""


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
    with httpx.Client(base_url=base_url, headers=headers, timeout=30, verify=tls()) as http:
        yield http


@pytest.fixture
def stand_in(convoy: Convoy) -> Iterator[httpx.Client]:
    """A client of the stand-in's API, for tests that no real Convoy can run."""
    headers = {"authorization": f"Bearer {API_KEY}"}
    base_url = f"{convoy.api}/v1/projects/{PROJECT_ID}"
    with httpx.Client(base_url=base_url, headers=headers, verify=tls()) as http:
        yield http


@pytest.fixture
def owner() -> str:
    """A new owner for each test: a real Convoy keeps the resources of earlier tests."""
    return str(uuid4())


@pytest.fixture
def endpoint(http: httpx.Client, owner: str) -> JsonObject:
    body = {"name": "mine", "url": "http://127.0.0.1:9", "owner_id": owner}
    made: JsonObject = data(http.post("/endpoints", json=body | {"advanced_signatures": True}))
    return made


@pytest.fixture
def delivered(http: httpx.Client, owner: str, endpoint: JsonObject) -> JsonObject:
    """A delivery to an endpoint that does not answer."""
    data(http.post("/subscriptions", json={"name": "all", "endpoint_id": endpoint["uid"]}))
    return delivery_of(http, publish(http, owner, custom_headers={"X-A": "b"}))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(os.environ.get("CONVOY_E2E_RECEIVER_HOST", LOOPBACK)) as receiver:
        yield receiver


@pytest.fixture
def subscribed(http: httpx.Client, owner: str, receiver: Receiver) -> str:
    """The uid of an endpoint that gets its owner's events, at the receiver."""
    body = {"name": "mine", "url": receiver.url, "owner_id": owner}
    made: str = data(http.post("/endpoints", json=body))["uid"]
    data(http.post("/subscriptions", json={"name": "all", "endpoint_id": made}))
    return made


@pytest.fixture
def slow_retries(request: pytest.FixtureRequest) -> None:
    """Let the stand-in wait before a retry, as a real Convoy does."""
    if request.node.callspec.params["http"] == "stand-in":
        request.getfixturevalue("convoy").stop_worker("retries")
