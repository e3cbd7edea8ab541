"""Convoy's behaviour on which the relay relies when it lists events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.integration.contract.convoy.envelope import (
    EVENT,
    data,
    delivery_of,
    event_of,
    eventually,
    listed,
    message,
    publish,
)

if TYPE_CHECKING:
    import httpx

    from tests.support import JsonObject


@pytest.fixture
def three(http: httpx.Client, owner: str, subscribed: str) -> list[str]:
    """The keys of three events that Convoy has handled, oldest first."""
    keys = [publish(http, owner) for _ in range(3)]
    for key in keys:
        event_of(http, key)
    return keys


def keys_of(events: list[JsonObject]) -> list[str]:
    return [event["idempotency_key"] for event in events]


def second_of(event: JsonObject) -> datetime:
    """The time of its creation, in whole seconds."""
    return datetime.fromisoformat(event["created_at"][:19])


def test_a_matched_event_is_a_success(http: httpx.Client, owner: str, subscribed: str) -> None:
    before = datetime.now(UTC)
    event = event_of(http, publish(http, owner))

    assert event["is_duplicate_event"] is False
    assert event["data"] == EVENT["data"]
    assert event["endpoints"] == [subscribed]
    assert {"failure_reason", "owner_id"}.isdisjoint(event)
    # The server acknowledges with its 201; the worker creates.
    acknowledged = datetime.fromisoformat(event["acknowledged_at"])
    slack = timedelta(seconds=2)  # the clocks of two machines
    assert before - slack < acknowledged <= datetime.fromisoformat(event["created_at"])


def test_an_event_without_a_subscription_is_a_failure(
    http: httpx.Client, owner: str, endpoint: JsonObject
) -> None:
    with_endpoint, without = publish(http, owner), publish(http, str(uuid4()))

    for key in (with_endpoint, without):
        event = event_of(http, key, "Failure")
        assert event["failure_reason"] == "no subscription matched this event"


def test_a_second_event_with_a_key_is_a_duplicate_that_stays_processing(
    http: httpx.Client, owner: str, subscribed: str
) -> None:
    key = publish(http, owner)
    first = event_of(http, key)

    body = EVENT | {"owner_id": owner, "idempotency_key": key}
    again = http.post("/events/fanout", json=body)
    assert again.json()["message"] == "Duplicate event received, but will not be sent"
    event_of(http, key, "Processing")

    duplicate, known = listed(http, "/events", idempotencyKey=key)
    assert (duplicate["is_duplicate_event"], duplicate["status"]) == (True, "Processing")
    assert known == first
    assert len(listed(http, "/eventdeliveries", endpointId=subscribed)) == 1


def test_a_failure_burns_its_key_and_no_replay_undoes_it(
    http: httpx.Client, owner: str, endpoint: JsonObject
) -> None:
    key = publish(http, owner)
    failed = event_of(http, key, "Failure")
    data(http.post("/subscriptions", json={"name": "all", "endpoint_id": endpoint["uid"]}))

    data(http.put(f"/events/{failed['uid']}/replay"), 200)
    publish(http, owner, key)
    event_of(http, key, "Processing")

    assert listed(http, "/eventdeliveries", endpointId=endpoint["uid"]) == []


def test_events_are_listed_newest_first_page_by_page(
    http: httpx.Client, owner: str, three: list[str]
) -> None:
    first = data(http.get("/events", params={"ownerId": owner, "perPage": 2}), 200)
    cursor = first["pagination"]["next_page_cursor"]
    asked = {"ownerId": owner, "perPage": "2", "direction": "next", "next_page_cursor": cursor}
    second = data(http.get("/events", params=asked), 200)

    assert keys_of(first["content"] + second["content"]) == three[::-1]
    assert first["pagination"]["has_next_page"] is True
    assert second["pagination"]["has_next_page"] is False


def test_events_are_listed_oldest_first_on_request(
    http: httpx.Client, owner: str, three: list[str]
) -> None:
    asked = {"ownerId": owner, "perPage": "2", "sort": "ASC"}
    first = data(http.get("/events", params=asked), 200)
    cursor = first["pagination"]["next_page_cursor"]
    second = data(http.get("/events", params=asked | {"next_page_cursor": cursor}), 200)

    assert keys_of(first["content"] + second["content"]) == three
    assert second["pagination"]["has_next_page"] is False


def test_pages_go_back_too_and_the_oldest_may_be_the_first(
    http: httpx.Client, owner: str, three: list[str]
) -> None:
    oldest_first = data(http.get("/events", params={"ownerId": owner, "sort": "asc"}), 200)
    cursor = oldest_first["pagination"]["prev_page_cursor"]
    asked = {"ownerId": owner, "perPage": "2", "direction": "prev", "prev_page_cursor": cursor}
    back = data(http.get("/events", params=asked), 200)

    assert keys_of(oldest_first["content"]) == three
    assert keys_of(back["content"]) == three[:0:-1]
    assert back["pagination"]["has_next_page"] is True


def test_the_last_page_has_a_cursor_without_a_next_page(
    http: httpx.Client, owner: str, three: list[str]
) -> None:
    whole = data(http.get("/events", params={"ownerId": owner, "perPage": 3}), 200)
    cursor = whole["pagination"]["next_page_cursor"]

    assert whole["pagination"]["has_next_page"] is False
    after = listed(http, "/events", ownerId=owner, perPage=3, next_page_cursor=cursor)
    assert keys_of(after) == three[:1]


@pytest.mark.parametrize("per_page", ["1000", "", "many"])
def test_a_page_has_20_events_by_default_and_more_on_request(
    http: httpx.Client, owner: str, three: list[str], per_page: str
) -> None:
    page = data(http.get("/events", params={"ownerId": owner, "perPage": per_page}), 200)

    assert page["pagination"]["per_page"] == (1000 if per_page == "1000" else 20)
    assert keys_of(page["content"]) == three[::-1]


def test_a_window_of_time_is_in_whole_seconds(
    http: httpx.Client, owner: str, three: list[str]
) -> None:
    created = [second_of(event) for event in listed(http, "/events", ownerId=owner)]

    def found(start: datetime, end: datetime, tail: str = "") -> int:
        days = {"startDate": f"{start.isoformat()}{tail}", "endDate": f"{end.isoformat()}{tail}"}
        return len(listed(http, "/events", ownerId=owner, **days))

    start, end, second = min(created), max(created), timedelta(seconds=1)
    assert found(start, end + second) == 3
    assert found(start, end + second, ".999999") == 3
    # The newest event is later than the start of its second.
    assert found(start, end) < 3
    assert found(start - 2 * second, start - second) == 0
    assert found(end + second, end + 2 * second) == 0


@pytest.mark.parametrize(
    ("dates", "refusal"),
    [
        ({"startDate": "2026-11-24T12:00:00Z"}, "please specify a startDate in the format "),
        ({"startDate": "2026-11-24"}, "please specify a startDate in the format "),
        ({"startDate": "2026-13-24T12:00:00"}, "please specify a startDate in the format "),
        ({"endDate": "yesterday"}, "please specify a correct endDate in the format "),
        (
            {"startDate": "2026-11-24T12:00:01", "endDate": "2026-11-24T12:00:00"},
            "startDate cannot be greater than endDate",
        ),
    ],
)
def test_a_time_in_another_format_is_a_400(
    http: httpx.Client, dates: dict[str, str], refusal: str
) -> None:
    assert message(http.get("/events", params=dates)).startswith(refusal)
    assert message(http.post("/events/batchreplay", params=dates)).startswith(refusal)


def test_of_two_keys_in_a_query_the_first_counts(http: httpx.Client, three: list[str]) -> None:
    assert keys_of(listed(http, "/events", idempotencyKey=three[:2])) == three[:1]


def test_events_are_found_by_owner_and_by_endpoint(
    http: httpx.Client, owner: str, subscribed: str, three: list[str]
) -> None:
    assert len(listed(http, "/events", endpointId=subscribed)) == 3
    assert len(listed(http, "/events", endpointId=["unknown", subscribed])) == 3
    assert listed(http, "/events", endpointId="unknown") == []
    assert listed(http, "/events", ownerId=str(uuid4())) == []


def test_a_search_for_text_needs_a_licence(http: httpx.Client) -> None:
    message(http.get("/events", params={"query": "todo"}), 403)


def test_a_replay_of_a_handled_event_sends_nothing(
    http: httpx.Client, owner: str, three: list[str]
) -> None:
    event = event_of(http, three[0])
    delivery = delivery_of(http, three[0], "Success")

    replayed = data(http.put(f"/events/{event['uid']}/replay"), 200)
    later = publish(http, owner)
    delivery_of(http, later, "Success")

    assert replayed["uid"] == event["uid"]
    assert [each["uid"] for each in listed(http, "/eventdeliveries", eventId=event["uid"])] == [
        delivery["uid"]
    ]
    assert data(http.get(f"/events/{event['uid']}"), 200)["status"] == "Success"


def test_events_are_replayed_in_bulk_and_counted(
    http: httpx.Client, owner: str, subscribed: str, three: list[str]
) -> None:
    def replay(**filters: str) -> str:
        answer = http.post("/events/batchreplay", params=filters)
        assert answer.status_code == 200, answer.text
        text: str = answer.json()["message"]
        return text

    ago = {"startDate": "2020-01-01T00:00:00", "endDate": "2020-01-02T00:00:00"}
    assert replay(ownerId=owner, **ago) == "0 successful, 0 failed"
    assert replay(ownerId=owner, perPage="1") == "3 successful, 0 failed"
    eventually(lambda: replay(idempotencyKey=three[0]) == "1 successful, 0 failed")
    assert len(listed(http, "/eventdeliveries", endpointId=subscribed)) == 3


def test_an_unknown_event_is_a_404_only_to_a_get(
    http: httpx.Client,
) -> None:
    assert message(http.get("/events/unknown"), 404) == "event not found"
    assert message(http.put("/events/unknown/replay")) == "event not found"
