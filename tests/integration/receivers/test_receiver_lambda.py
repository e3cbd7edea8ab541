"""The receiver for Lambda: whatever was lost on the way, its table ends as the API's state."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount

from examples.receiver_lambda.receiver import api as client_of_api
from examples.receiver_lambda.receiver import state
from infra.fake_convoy import server
from tests.inputs import inputs
from tests.integration.receivers.lambda_api import TOKEN
from tests.integration.receivers.lambda_world import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient
    from starlette.types import Receive, Scope, Send

CHANGE = st.tuples(
    st.just("change"), st.integers(1, 3), st.booleans(), st.integers(0, 28), st.text(max_size=3)
)
DELIVER = st.tuples(st.just("deliver"), st.integers(0, 30), st.integers(1, 2))
CATCH_UP = st.tuples(st.just("catch_up"), st.sampled_from([0, 300_000]))
WAIT = st.tuples(st.just("wait"), st.sampled_from([1, 15, 3600, 86_400, 20 * 86_400]))


@pytest.fixture(scope="module")
def server_of_any() -> Iterator[tuple[str, list[Starlette]]]:
    """The URL of a server of the last of these apps: a start for each input would take longer."""
    apps: list[Starlette] = []

    async def last(scope: Scope, receive: Receive, send: Send) -> None:
        await apps[-1](scope, receive, send)

    with server.running(Starlette(routes=[Mount("/", last)])) as url:
        yield url, apps


LATE_AFTER_A_LISTING = [
    ("change", 1, False, 0, "never seen"),
    ("change", 1, True, 0, ""),
    ("wait", 20 * 86_400),
    ("catch_up", 300_000),
    ("deliver", 1, 1),  # the creation: payload 0 says that there was nothing to update
]


@given(steps=st.lists(st.one_of(CHANGE, CHANGE, DELIVER, DELIVER, CATCH_UP, WAIT), max_size=25))
@example(steps=LATE_AFTER_A_LISTING)
@inputs(40)
def test_whatever_is_lost_repeated_or_late_the_table_ends_as_the_apis_state(
    dynamodb: DynamoDBClient,
    environ: pytest.MonkeyPatch,
    server_of_any: tuple[str, list[Starlette]],
    steps: list[tuple[Any, ...]],
) -> None:
    """An event that is never delivered is lost. One that is delivered after others is late.

    Between two catch-ups there may be more time than the API keeps its events.
    """
    environ.setattr(client_of_api, "LIMIT", 2)
    environ.setattr(state, "FORGET_PAGE", 2)
    place, (url, apps) = Place(dynamodb, environ), server_of_any
    apps[:] = [place.api.app()]
    place.serving(url)
    for step in steps:
        take(place, step)
    place.api.now += timedelta(seconds=31)
    while not place.receiver.catch_up()["is_done"]:
        pass

    assert place.receiver.todos() == place.api.todos()


def take(place: Place, step: tuple[Any, ...]) -> None:
    match step:
        case "change", todo, delete, lag, item:
            place.api.lag = timedelta(seconds=lag)
            place.api.change(todo, item, delete=delete)
        case "deliver", index, times:
            for payload in place.api.payloads[index : index + 1] * times:
                assert place.receiver.deliver(payload) == 204
        case "catch_up", ms:
            place.receiver.catch_up(ms)
        case "wait", seconds:
            place.api.now += timedelta(seconds=seconds)


def test_a_receiver_that_was_down_gets_everything_page_by_page(
    place: Place, environ: pytest.MonkeyPatch
) -> None:
    environ.setattr(client_of_api, "LIMIT", 3)
    place.receiver.catch_up()
    for number in range(10):
        place.api.change(number, "missed", delete=False)
    place.api.now += timedelta(days=7)

    assert [place.receiver.catch_up(ms=0) for _ in range(2)] == [
        {"events": 3, "news": 3, "is_done": False}
    ] * 2
    assert place.receiver.catch_up() == {"events": 4, "news": 4, "is_done": True}
    assert place.receiver.catch_up() == {"events": 0, "news": 0, "is_done": True}
    assert place.receiver.todos() == place.api.todos()


def test_the_first_run_lists_what_is_older_than_every_event(
    place: Place, environ: pytest.MonkeyPatch
) -> None:
    environ.setattr(client_of_api, "LIMIT", 2)
    for number in range(5):
        place.api.change(number, "old", delete=False)
    place.api.now += timedelta(days=31)  # the log keeps 30
    place.api.change(7, "new", delete=False)

    runs = [place.receiver.catch_up(ms=0) for _ in range(6)]

    assert sum(each["news"] for each in runs) == 6
    assert [each["is_done"] for each in runs] == [False] * 5 + [True]
    assert place.receiver.todos() == place.api.todos()


def test_a_run_after_the_events_retention_lists_again_and_forgets_what_is_gone(
    place: Place,
) -> None:
    for number in (1, 2, 3):
        place.api.change(number, "x", delete=False)
    place.receiver.catch_up()
    place.api.change(1, "", delete=True)
    place.api.change(2, "changed", delete=False)
    place.api.now += timedelta(days=31)

    assert place.receiver.catch_up() == {"events": 0, "news": 1, "is_done": True}
    assert place.receiver.todos() == place.api.todos()
    assert "expires_at" in place.receiver.rows()["todo/1"]


def test_a_failed_page_is_read_again_by_the_next_run(
    place: Place, environ: pytest.MonkeyPatch
) -> None:
    environ.setattr(client_of_api, "LIMIT", 2)
    place.receiver.catch_up()
    for number in range(5):
        place.api.change(number, "x", delete=False)
    place.api.now += timedelta(seconds=60)
    place.api.failing, place.api.failing_after = JSONResponse({"status": 503}, 503), 1

    with pytest.raises(
        client_of_api.ApiError, match=r"/events\?limit=2&after=.* answered with 503"
    ):
        place.receiver.catch_up()
    assert len(place.receiver.todos()) == 2
    place.api.failing = None

    assert place.receiver.catch_up() == {"events": 3, "news": 3, "is_done": True}


FAULTS: dict[str, tuple[Response, str]] = {
    "a redirect": (RedirectResponse("https://example.com"), "answered with 307"),
    "no JSON": (Response("<html>"), "answered with no JSON"),
    "no object": (JSONResponse([]), "not answered with a JSON object"),
    "no events": (JSONResponse({"until": "x"}), "the answer has no data, only until"),
    "no horizon": (JSONResponse({"data": []}), "the answer has no until, only data"),
}


@pytest.mark.parametrize(("answer", "message"), FAULTS.values(), ids=FAULTS)
def test_an_answer_that_is_no_page_is_an_error_and_moves_no_cursor(
    place: Place, answer: Response, message: str
) -> None:
    place.api.failing = answer

    with pytest.raises(client_of_api.ApiError, match=message):
        place.receiver.catch_up()
    assert place.receiver.rows() == {}


def test_an_api_out_of_reach_is_an_error(place: Place, environ: pytest.MonkeyPatch) -> None:
    environ.setenv("API_URL", "http://127.0.0.1:9")

    with pytest.raises(client_of_api.ApiError, match="got no answer"):
        place.receiver.catch_up()


def test_with_jwt_it_asks_the_issuer_for_a_token(place: Place) -> None:
    place.environ.setenv("API_SIGN_IN", "jwt")

    place.receiver.catch_up()

    assert place.api.forms == [
        b"grant_type=client_credentials&client_id=it&client_secret=x&scope=events"
    ]
    assert place.api.requests[-1].headers["authorization"] == f"Bearer {TOKEN}"


def test_with_iam_it_signs_as_the_owners_role(place: Place) -> None:
    place.environ.setenv("API_SIGN_IN", "iam")

    place.receiver.catch_up()

    headers = place.api.requests[-1].headers
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=ASIA")
    assert "/eu-central-1/execute-api/aws4_request" in headers["authorization"]
    assert headers["x-amz-security-token"]
