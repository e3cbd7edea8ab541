"""A customer who has read `GET /events` has the API's state, whatever happened to the webhooks.

Webhooks are lost, repeated, late or refused; endpoints are paused, and their secrets rotated. An
endpoint that is down stays down for longer than the stand-in tries.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Route

from infra.fake_convoy import server
from infra.local.tables import create_tables
from tests.inputs import inputs
from tests.integration.properties.customers_world import OWNERS, Deployment
from tests.integration.properties.strategies import QUEUES
from tests.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient
    from starlette.requests import Request
    from starlette.responses import Response

    from tests.stand_in import Convoy

OF = st.sampled_from(OWNERS)
STEP = st.one_of(
    st.tuples(
        st.just("change"),
        OF,
        st.sampled_from(["POST", "PUT", "DELETE"]),
        st.integers(1, 3),
        st.sampled_from(["one", "two"]),
    ),
    st.tuples(st.sampled_from(["down", "pause"]), OF, st.booleans()),
    st.tuples(st.just("rotate"), OF, st.sampled_from([0, 24])),
    st.tuples(st.just("resend"), OF, st.integers(0, 5)),
    st.tuples(st.sampled_from(["lose", "hold"]), OF, QUEUES),
    st.tuples(st.sampled_from(["relay", "catch_up"]), OF),
    st.tuples(st.just("recover"), OF, st.integers(0, 5)),
)
UNDISTURBED = [
    ("change", "ann", "POST", 1, "one"),
    ("rotate", "ann", 24),
    ("catch_up", "ann"),
    ("change", "ann", "PUT", 1, "two"),
    ("rotate", "ann", 0),
    ("resend", "ann", 0),
    ("relay", "ann"),
    ("change", "ann", "DELETE", 1, ""),
    ("recover", "ann", 5),
]
DOWN_FOR_LONG = [
    ("change", "ann", "POST", 1, "one"),
    ("down", "ann", True),
    ("change", "ann", "PUT", 1, "two"),
    ("change", "ann", "POST", 2, "one"),
    ("change", "ann", "DELETE", 1, ""),
    ("relay", "ann"),
    ("down", "ann", False),
]


@pytest.fixture(scope="module")
def receivers() -> Iterator[tuple[str, list[Deployment]]]:
    """The URL of the endpoints of the last of these deployments."""
    deployments: list[Deployment] = []

    async def receive(request: Request) -> Response:
        return await deployments[-1].endpoints[request.path_params["owner"]].receive(request)

    with server.running(Starlette(routes=[Route("/{owner}", receive, methods=["POST"])])) as url:
        yield url, deployments


@given(steps=st.lists(STEP, max_size=20))
@example(steps=DOWN_FOR_LONG)
@example(steps=UNDISTURBED)
@inputs(20)
def test_after_reading_the_events_a_customers_state_is_the_apis(
    dynamodb: DynamoDBClient,
    convoy: Convoy,
    receivers: tuple[str, list[Deployment]],
    steps: list[tuple[Any, ...]],
) -> None:
    convoy.reset()
    for table in TABLES.values():
        dynamodb.delete_table(TableName=table)
    create_tables(dynamodb, TABLES, expiring=False)
    url, deployments = receivers
    with closing(Deployment(dynamodb, convoy, url)) as deployment:
        deployments[:] = [deployment]
        for step in steps:
            getattr(deployment, step[0])(*step[1:])
        convoy.start_worker()
        convoy.wait_for_worker()
        for owner, endpoint in deployment.endpoints.items():
            assert endpoint.refused == 0
            assert endpoint.arrived == deployment.delivered(owner)
            deployment.catch_up(owner)

            todos = deployment.ask(owner, "GET", "/todo")["data"]
            assert [endpoint.todos[each] for each in sorted(endpoint.todos)] == todos


@pytest.mark.parametrize(
    ("steps", "known"), [(UNDISTURBED, []), (DOWN_FOR_LONG, [1])], ids=["undisturbed", "down"]
)
def test_only_what_an_endpoint_missed_needs_the_events(
    dynamodb: DynamoDBClient,
    convoy: Convoy,
    receivers: tuple[str, list[Deployment]],
    steps: list[tuple[Any, ...]],
    known: list[int],
) -> None:
    """The property above would hold of endpoints that get everything, or nothing, too."""
    url, deployments = receivers
    with closing(Deployment(dynamodb, convoy, url)) as deployment:
        deployments[:] = [deployment]
        for step in steps:
            getattr(deployment, step[0])(*step[1:])
            convoy.wait_for_worker()  # each delivery arrives, or fails for good
        ann = deployment.endpoints["ann"]

        assert sorted(ann.todos) == known
        events = {each["id"] for each in deployment.ask("ann", "GET", "/events")["data"]}
        assert len(events) == (3 if steps is UNDISTURBED else 4)
        assert ann.arrived == (events if steps is UNDISTURBED else {min(events)})
        deployment.catch_up("ann")
        assert sorted(ann.todos) == sorted(
            each["id"] for each in deployment.ask("ann", "GET", "/todo")["data"]
        )
