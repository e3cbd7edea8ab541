"""An owner reads the log: each change's event, oldest first, as it was published."""

from __future__ import annotations

import logging
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from app.domain.event_ids import uuid7
from app.http import application
from tests.components import make_event_log, make_service
from tests.integration.http.event_log import (
    SECOND,
    Clock,
    change,
    damage,
    ids_of,
    listed,
    owner_of,
)
from tests.support import NOW, RETENTION, VISIBLE_AFTER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.publisher import ConvoyPublisher
    from tests.stand_in import Convoy

UNKNOWN = uuid7(NOW, 7)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api(dynamodb: DynamoDBClient, publisher: ConvoyPublisher, clock: Clock) -> Iterator[TestClient]:
    """The API with event ids as in production. The header `owner` names the owner."""
    numbers = count()
    service = make_service(
        dynamodb, publisher, clock=clock, new_event_id=lambda at: uuid7(at, next(numbers))
    )
    log = make_event_log(dynamodb, clock)
    with TestClient(application.build([service], owner_of, log=log)) as client:
        yield client


def test_the_list_has_each_changes_event_as_convoy_got_it(
    api: TestClient, clock: Clock, convoy: Convoy
) -> None:
    change(api, clock)
    clock.pass_time()

    page = listed(api)

    assert page["data"] == convoy.payloads()
    assert [payload["event"] for payload in page["data"]] == [
        "todo.created",
        "todo.updated",
        "todo.deleted",
        "todo.created",
    ]
    assert page.keys() == {"data", "until"}


def test_a_read_and_a_failure_leave_no_event(api: TestClient, clock: Clock) -> None:
    api.get("/")
    api.get("/todo")
    api.delete("/todo/9")
    clock.pass_time()

    assert listed(api)["data"] == []


def test_an_event_is_listed_once_no_earlier_one_can_follow(api: TestClient, clock: Clock) -> None:
    (event_id,) = change(api, clock, 1)
    clock.now = NOW + VISIBLE_AFTER
    early = listed(api)
    clock.pass_time(timedelta(milliseconds=1))
    later = listed(api, after=early["until"])

    assert (early["data"], early["until"]) == ([], "2026-11-24T12:00:00.123Z")
    assert ids_of(later) == [event_id]


def test_next_and_until_lead_through_all_events_once(api: TestClient, clock: Clock) -> None:
    ids = change(api, clock, 3)
    clock.pass_time()

    first = listed(api, limit=2)
    second = listed(api, limit=2, after=first["next"])
    ids += change(api, clock, 1)
    clock.pass_time()
    third = listed(api, after=second["until"])

    assert "next" not in second
    assert [ids_of(page) for page in (first, second, third)] == [ids[:2], ids[2:3], ids[3:]]


def test_the_list_begins_after_an_id_or_at_a_time(api: TestClient, clock: Clock) -> None:
    ids = change(api, clock)
    clock.pass_time()

    assert ids_of(listed(api, after=ids[1])) == ids[2:]
    assert ids_of(listed(api, after="2026-11-24T12:00:01.123Z")) == ids[1:]
    assert ids_of(listed(api, after="2026-11-24T13:00:01.124+01:00")) == ids[2:]
    assert ids_of(listed(api, after="2026-11-24t12:00:01.123999z")) == ids[1:]


@pytest.mark.parametrize("by", ["time", "id"])
def test_a_start_before_the_first_kept_event_has_a_gap(
    api: TestClient, clock: Clock, by: str
) -> None:
    """A gap is said up to VISIBLE_AFTER early: the clocks of two instances may differ."""
    expired, kept = change(api, clock, 2)
    start = expired if by == "id" else "2026-11-24T12:00:00.123Z"
    clock.now = NOW + RETENTION - VISIBLE_AFTER - SECOND
    before = listed(api, after=start)
    clock.pass_time(timedelta(milliseconds=1))
    after = listed(api, after=start)
    clock.now = NOW + RETENTION
    from_then_on = listed(api, after=after["until"])

    assert ("gap" in before, after["gap"]) == (False, True)
    assert ids_of(listed(api)) == [kept]
    assert "gap" not in listed(api)
    assert from_then_on.keys() == {"data", "until"}


def test_a_gap_without_any_event_left_is_said(api: TestClient, clock: Clock) -> None:
    (expired,) = change(api, clock, 1)
    clock.now = NOW + RETENTION

    page = listed(api, after=expired)
    ahead = listed(api, after="9999-12-31T23:59:59Z")

    assert page == {"data": [], "until": page["until"], "gap": True}
    assert ahead.keys() == {"data", "until"}


@pytest.mark.parametrize(
    ("after", "found"),
    [
        ("0001-01-01T00:00:00+14:00", 2),
        ("1969-12-31T23:59:59Z", 2),
        ("00000000-0000-7000-8000-000000000000", 2),
        ("2026-12-31T00:00:00Z", 0),
        ("9999-12-31T23:59:59.999999-14:00", 0),
        ("ffffffff-ffff-7fff-bfff-ffffffffffff", 0),
    ],
)
def test_any_time_and_any_id_is_a_start(
    api: TestClient, clock: Clock, after: str, found: int
) -> None:
    change(api, clock, 2)
    clock.pass_time()

    page = listed(api, after=after)

    assert len(page["data"]) == found
    assert "next" not in page


@pytest.mark.parametrize(
    "after",
    ["", " ", "x", "\0", "%00", "yesterday", "2026-11-24", "2026-11-24T12:00:00",
     "2026-11-24T12:00:00 01:00", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "1795521600",
     "2026-11-24T12:00:00Z\n", "10000-01-01T00:00:00Z", UNKNOWN.upper(), UNKNOWN.replace("-", ""),
     UNKNOWN + "\0", "017f22e2-79b0-4cc3-98c4-dc0c0c07398f", "YWZ0ZXI6MQ==", "9" * 5_000, "\u0661"],
)  # fmt: skip
def test_a_start_that_is_no_id_and_no_time_is_a_400_that_names_it(
    api: TestClient, after: str
) -> None:
    answer = api.get("/events", params={"after": after})

    assert answer.status_code == 400
    (fault,) = answer.json()["errors"]
    assert (fault["in"], fault["field"]) == ("query", "after")
    assert "2026-11-24T12:00:00Z" in fault["detail"]


def test_a_plus_that_was_not_encoded_is_named(api: TestClient) -> None:
    details = [
        api.get(f"/events?after=2026-11-24T13:00:01{offset}").json()["detail"]
        for offset in ("+01:00", "+0100", "x")
    ]

    assert ["%2B" in each for each in details] == [True, True, False]


def test_the_list_has_only_the_types_that_are_asked_for(api: TestClient, clock: Clock) -> None:
    created, updated, deleted, again = change(api, clock)
    clock.pass_time()

    assert ids_of(listed(api, type="updated")) == [updated]
    assert ids_of(listed(api, type=["created", "deleted", "created"])) == [created, deleted, again]


@pytest.mark.parametrize("type", ["retrieved", "ping", "failed", "todo.created", "", "\0", "*"])
def test_a_type_without_committed_events_is_a_422_that_names_the_others(
    api: TestClient,
    type: str,  # noqa: A002
) -> None:
    answer = api.get("/events", params={"type": ["created", type]})

    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert (fault["in"], fault["field"]) == ("query", "type.1")
    assert fault["detail"] == "Input should be 'created', 'updated' or 'deleted'"


def test_too_many_types_are_a_422(api: TestClient) -> None:
    answer = api.get("/events", params={"type": ["created"] * 101})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "type"


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "1.5"])
def test_a_limit_out_of_bounds_is_a_422_that_names_it(api: TestClient, limit: str) -> None:
    answer = api.get("/events", params={"limit": limit})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "limit")


def test_one_event_is_read_at_once_and_until_it_expires(
    api: TestClient, clock: Clock, convoy: Convoy
) -> None:
    (event_id,) = change(api, clock, 1)

    answer = api.get(f"/events/{event_id}")
    assert (answer.status_code, answer.json()) == (200, {"data": convoy.payloads()[0]})
    clock.pass_time(RETENTION)
    assert api.get(f"/events/{event_id}").status_code == 404


def test_an_unknown_event_is_a_404_problem_and_no_id_a_422(api: TestClient) -> None:
    unknown, no_id = api.get(f"/events/{UNKNOWN}"), api.get("/events/x")

    assert unknown.status_code == 404
    assert unknown.headers["content-type"] == "application/problem+json"
    assert unknown.json()["detail"] == f"Event with id {UNKNOWN} not found."
    assert (no_id.status_code, no_id.json()["errors"][0]["field"]) == (422, "id")


def test_a_damaged_event_is_a_500_that_names_it_and_the_way_on(
    api: TestClient, clock: Clock, dynamodb: DynamoDBClient, caplog: pytest.LogCaptureFixture
) -> None:
    first, damaged, last = change(api, clock, 3)
    clock.pass_time()
    damage(dynamodb, damaged)

    page = listed(api)
    assert (ids_of(page), page["next"]) == ([first], first)
    with caplog.at_level(logging.ERROR, logger="app.http"):
        answers = [api.get("/events", params={"after": first}), api.get(f"/events/{damaged}")]

    for answer in answers:
        assert answer.status_code == 500
        assert answer.json()["detail"] == (
            f"Event {damaged} can't be read. It has been logged. after={damaged} lists the events"
            " after it."
        )
    assert caplog.text.count(f"event {damaged} of the log can't be read: JSONDecodeError") == 2
    assert "a secret" not in caplog.text
    assert ids_of(listed(api, after=damaged)) == [last]
