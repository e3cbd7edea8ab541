"""The relay's questions about events, as Convoy answers them."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from app.convoy import event_list
from app.convoy.api_key import ApiKey, SecretError
from app.convoy.event_list import ConvoyEvents
from app.outbox.event_list import Burnt, Handled, Missing, NotAnswered, finding
from app.outbox.outcomes import Misconfigured, Unavailable
from tests.components import make_questions
from tests.integration.contract.convoy.envelope import event_of, publish

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from app.convoy.questions import Questions
    from tests.stand_in import Convoy
    from tests.support import JsonObject

MINUTE = timedelta(minutes=1)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def asked(http: httpx.Client) -> Iterator[Questions]:
    api, _, project_id = str(http.base_url).rstrip("/").partition("/v1/projects/")
    key = http.headers["authorization"].removeprefix("Bearer ")
    with closing(make_questions(api, project_id=project_id, api_key=ApiKey(key))) as questions:
        yield questions


@pytest.fixture
def events(asked: Questions) -> ConvoyEvents:
    return ConvoyEvents(asked, now)


def test_a_handled_event_is_found_by_its_time_and_by_its_key(
    http: httpx.Client, events: ConvoyEvents, owner: str, subscribed: str
) -> None:
    began = now()
    keys = {publish(http, owner) for _ in range(3)}
    for key in keys:
        event_of(http, key)

    with patch.object(event_list, "PAGE", 2):
        pages = list(events.between(began - MINUTE, now() + MINUTE))
        by_time = [entry for page in pages for entry in page if entry.key in keys]

    assert len(pages) > 1
    assert {entry.key for entry in by_time} == keys
    for entry in by_time:
        assert finding([entry], now()) == Handled()
        assert events.under(entry.key, began - MINUTE) == [entry]
        assert entry.acknowledged_at <= entry.created_at
    assert keys <= {entry.key for entry in events.newest()}


def test_an_event_without_a_subscription_is_handled(
    http: httpx.Client, events: ConvoyEvents, owner: str
) -> None:
    key = publish(http, owner)
    event_of(http, key, "Failure")

    assert finding(events.under(key, now() - MINUTE), now()) == Handled()


def test_an_event_that_convoy_never_had_is_missing(events: ConvoyEvents, owner: str) -> None:
    assert finding(events.under(f"never-{owner}", now() - MINUTE), now()) == Missing()


def test_a_duplicate_is_shown_as_one(
    http: httpx.Client, events: ConvoyEvents, owner: str, subscribed: str
) -> None:
    key = publish(http, owner)
    event_of(http, key)
    publish(http, owner, key)
    event_of(http, key, "Processing")

    duplicate, original = events.under(key, now() - MINUTE)

    assert (duplicate.duplicate, original.duplicate) == (True, False)
    assert finding([duplicate, original], now()) == Handled()
    assert finding([duplicate], now()) == Burnt()


def test_a_replay_of_a_handled_event_does_no_harm(
    http: httpx.Client, events: ConvoyEvents, owner: str, subscribed: str
) -> None:
    key = publish(http, owner)
    event_of(http, key)
    (entry,) = events.under(key, now() - MINUTE)

    events.replay(entry.uid)

    assert events.under(key, now() - MINUTE) == [entry]


FAULTS: list[tuple[JsonObject, Unavailable | Misconfigured]] = [
    ({"status": 400}, Unavailable("400: injected fault")),
    ({"status": 401}, Misconfigured("401: injected fault")),
    ({"status": 403}, Misconfigured("403: injected fault")),
    ({"status": 404}, Misconfigured("404: injected fault")),
    ({"status": 429, "headers": {"retry-after": "7"}}, Unavailable("429: injected fault", 7)),
    ({"status": 500}, Unavailable("500: injected fault")),
    ({"status": 503}, Unavailable("503: injected fault")),
    (
        {"status": 200, "body": "<p>", "headers": {"content-type": "text/html"}},
        Misconfigured("200: not Convoy's JSON but text/html"),
    ),
]


@pytest.mark.parametrize(("fault", "outcome"), FAULTS, ids=lambda each: str(each)[:40])
def test_each_error_answer_has_its_outcome(
    convoy: Convoy, questions: Questions, fault: JsonObject, outcome: Unavailable | Misconfigured
) -> None:
    convoy.fail(**fault)

    with pytest.raises(NotAnswered) as error:
        ConvoyEvents(questions, now).newest()

    assert error.value.outcome.reason == outcome.reason
    assert type(error.value.outcome) is type(outcome)
    assert getattr(error.value.outcome, "retry_after_s", None) == getattr(
        outcome, "retry_after_s", None
    )


def test_a_broken_connection_is_an_outage(convoy: Convoy, questions: Questions) -> None:
    convoy.fail(reset=True)

    with pytest.raises(NotAnswered, match="ReadError"):
        ConvoyEvents(questions, now).newest()


@pytest.mark.parametrize(
    "data",
    [
        "null",
        "[]",
        '{"content": []}',
        '{"content": [{}], "pagination": {"has_next_page": false, "next_page_cursor": ""}}',
        '{"content": 7, "pagination": {"has_next_page": false, "next_page_cursor": ""}}',
        (
            '{"content": [{"uid": "u", "idempotency_key": "k", "status": "Success",'
            ' "is_duplicate_event": false, "created_at": "yesterday", "acknowledged_at": ""}],'
            ' "pagination": {"has_next_page": false, "next_page_cursor": ""}}'
        ),
    ],
)
def test_an_answer_in_another_form_is_no_answer(
    convoy: Convoy, questions: Questions, data: str
) -> None:
    convoy.fail(status=200, body=f'{{"status": true, "message": "", "data": {data}}}')

    with pytest.raises(NotAnswered, match="not in the form of Convoy's lists"):
        ConvoyEvents(questions, now).newest()


def test_a_list_that_does_not_end_is_no_answer(convoy: Convoy, questions: Questions) -> None:
    page = '{"content": [], "pagination": {"has_next_page": true, "next_page_cursor": "c"}}'
    convoy.fail(status=200, body=f'{{"status": true, "message": "", "data": {page}}}')

    with pytest.raises(NotAnswered, match="a page's cursor came twice"):
        ConvoyEvents(questions, now).under("k", now() - MINUTE)


def test_no_answer_shows_the_key(convoy: Convoy, questions: Questions) -> None:
    convoy.fail(status=503, body='{"status": false, "message": "CO.local is the key"}')

    with pytest.raises(NotAnswered, match=r"503: \[API key\] is the key"):
        ConvoyEvents(questions, now).newest()


class Unreadable:
    """A secret that can't be read."""

    name = "kept"

    def read(self) -> str:
        raise SecretError("kept", "it may not be read.")


def test_an_unreadable_key_is_a_misconfiguration(convoy: Convoy) -> None:
    unreadable: Any = ApiKey("", Unreadable())
    with (
        closing(make_questions(convoy.api, api_key=unreadable)) as questions,
        pytest.raises(NotAnswered) as error,
    ):
        ConvoyEvents(questions, now).newest()

    assert isinstance(error.value.outcome, Misconfigured)
    assert "it may not be read." in error.value.outcome.reason
