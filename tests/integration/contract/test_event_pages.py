"""Pages of one owner's events: bounds, types, sizes, damaged rows, and what a page costs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.domain.event_ids import first_id, last_id_before, next_id, uuid7
from app.domain.ports import UnreadableEvent
from app.dynamodb.items import MAX_PAGE_CHARACTERS
from tests.capacity import counted
from tests.integration.contract.event_rows import (
    MS,
    SECOND,
    START,
    damage,
    event_at,
    fill,
    page,
    put,
)
from tests.support import NOW, RETENTION
from tests.tables import make_log

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from app.domain.events import Event
    from app.dynamodb.events_table import EventsTable

both = pytest.mark.parametrize("dynamodb", ["moto", "dynamodb_local"], indirect=True)

LONG = "\N{CLINKING BEER MUGS}" * 50_000
"""200 kB: DynamoDB's 1 MB has five."""
LONG_ASCII = "x" * 350_000


@pytest.fixture
def log(dynamodb: DynamoDBClient) -> EventsTable:
    return make_log(dynamodb)


@both
def test_a_page_begins_and_ends_exactly_at_its_bounds(
    log: EventsTable, dynamodb: DynamoDBClient
) -> None:
    events = put(dynamodb, *(event_at(START + n * MS) for n in range(5)))

    before = page(log, last=last_id_before(START + 3 * MS))
    behind = page(log, first=next_id(events[2].id))

    assert before.found == events[:3]
    assert behind.found == events[3:]
    assert (before.after, behind.after) == (None, None)


@both
def test_following_after_gives_every_event_of_one_owner_once(
    log: EventsTable, dynamodb: DynamoDBClient
) -> None:
    events = put(dynamodb, *(event_at(START + n // 2 * MS, n) for n in range(7)))
    put(dynamodb, *(event_at(START + n * MS, owner="bob") for n in range(3)))

    first = page(log, limit=3)
    second = page(log, limit=3, first=next_id(first.after or ""))
    third = page(log, limit=3, first=next_id(second.after or ""))

    assert [*first.found, *second.found, *third.found] == events
    assert [len(each.found) for each in (first, second, third)] == [3, 3, 1]
    assert third.after is None


@both
def test_a_full_last_page_is_the_last(log: EventsTable, dynamodb: DynamoDBClient) -> None:
    put(dynamodb, *(event_at(START + n * MS) for n in range(3)))

    assert page(log, limit=3).after is None


@both
def test_only_events_of_the_types_are_found_and_none_is_skipped(
    log: EventsTable, dynamodb: DynamoDBClient
) -> None:
    types = ["created", "updated", "deleted", "updated"] * 15
    events = put(dynamodb, *(event_at(START + n * MS, type=each) for n, each in enumerate(types)))
    wanted = [event for event in events if event.type in {"created", "deleted"}]

    found: list[Event] = []
    first, pages = first_id(START), 0
    while True:
        read = page(log, first=first, limit=2, types={"created", "deleted"})
        assert len(read.found) <= 2
        found += read.found
        pages += 1
        if read.after is None:
            break
        first = next_id(read.after)

    assert found == wanted
    assert pages >= len(wanted) / 2


@both
def test_a_page_without_any_event_of_its_type_goes_on(
    log: EventsTable, dynamodb: DynamoDBClient
) -> None:
    put(dynamodb, *(event_at(START + n * MS) for n in range(11)))
    (last,) = put(dynamodb, event_at(START + 11 * MS, type="deleted"))

    first = page(log, limit=1, types={"deleted"})
    assert first.found == []
    assert first.after is not None
    second = page(log, limit=1, types={"deleted"}, first=next_id(first.after))

    assert (second.found, second.after) == ([last], None)


@both
@pytest.mark.parametrize("types", [(), ("created",)])
def test_an_expired_event_is_left_out_before_dynamodb_deletes_it(
    log: EventsTable, dynamodb: DynamoDBClient, types: tuple[str, ...]
) -> None:
    expired, kept = put(dynamodb, event_at(START), event_at(START + SECOND))
    now = START + RETENTION

    assert page(log, now=now, types=types).found == [kept]
    assert log.get("ann", expired.id, now=now) is None
    assert log.get("ann", kept.id, now=now) == kept


@both
@pytest.mark.parametrize("item", [LONG, LONG_ASCII])
def test_a_page_of_long_events_ends_early_and_goes_on(
    log: EventsTable, dynamodb: DynamoDBClient, item: str
) -> None:
    events = put(dynamodb, *(event_at(START + n * MS, item=item) for n in range(7)))

    found: list[Event] = []
    after: str | None = first_id(START)
    while after is not None:
        read = page(log, first=next_id(after) if found else after)
        lengths = [len(event.data["item"]) for event in read.found]  # type: ignore[arg-type]
        assert 0 < sum(lengths) < MAX_PAGE_CHARACTERS
        found += read.found
        after = read.after

    assert found == events


@both
@pytest.mark.parametrize("types", [(), ("created",)])
def test_a_page_ends_before_a_damaged_event_and_then_it_is_named(
    log: EventsTable, dynamodb: DynamoDBClient, types: tuple[str, ...]
) -> None:
    before, damaged, behind = put(dynamodb, *(event_at(START + n * MS) for n in range(3)))
    damage(dynamodb, damaged)

    read = page(log, types=types)
    assert (read.found, read.after) == ([before], before.id)
    with pytest.raises(UnreadableEvent, match=f"event {damaged.id} of the log can't be read"):
        page(log, types=types, first=next_id(before.id))
    assert page(log, types=types, first=next_id(damaged.id)).found == [behind]


@both
def test_one_event_is_read_by_its_owner_alone(log: EventsTable, dynamodb: DynamoDBClient) -> None:
    (event,) = put(dynamodb, event_at(START))

    assert log.get("ann", event.id, now=NOW) == event
    assert log.get("bob", event.id, now=NOW) is None
    assert log.get("ann", uuid7(START, 1), now=NOW) is None


@both
def test_one_damaged_event_is_named(log: EventsTable, dynamodb: DynamoDBClient) -> None:
    event, without_expiry = put(dynamodb, event_at(START), event_at(START + MS))
    damage(dynamodb, event)
    damage(dynamodb, without_expiry, "expires_at")

    with pytest.raises(UnreadableEvent, match=event.id):
        log.get("ann", event.id, now=NOW)
    assert log.get("ann", without_expiry.id, now=NOW + 2 * RETENTION) == without_expiry


@pytest.mark.parametrize("dynamodb", ["dynamodb_local"], indirect=True)
@pytest.mark.parametrize("types", [(), ("deleted",)])
def test_a_page_of_a_long_log_costs_what_it_costs_in_a_short_one(
    log: EventsTable, dynamodb: DynamoDBClient, types: tuple[str, ...]
) -> None:
    """The short log has 10^2 events, the long one 5,000: several times what one `Query` reads.

    A page reads about 10 kB for some types: not near a multiple of 4 KB, a read unit.
    """
    numbers, item = {"ann": 100, "bob": 5_000}, "x" * 40
    for owner, number in numbers.items():
        times = [START + n * MS for n in range(number)]
        fill(dynamodb, [event_at(at, owner=owner, item=item) for at in times])

    costs: dict[str, list[float]] = {}
    for owner, number in numbers.items():
        starts = [START, START + number // 2 * MS, START + (number - 50) * MS]
        with counted(dynamodb) as calls:
            for start in starts:
                page(log, owner, first=first_id(start), limit=5, types=types)
        costs[owner] = [sum(units.values()) for _, units in calls]

    assert costs["ann"] == costs["bob"]
    assert len(costs["ann"]) == 3


def test_an_event_of_another_type_than_the_known_ones_is_in_the_whole_list(
    log: EventsTable, dynamodb: DynamoDBClient
) -> None:
    (event,) = put(dynamodb, replace(event_at(START), type="renamed"))

    assert page(log).found == [event]
