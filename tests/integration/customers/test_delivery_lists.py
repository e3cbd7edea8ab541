"""A customer's list of deliveries: filtered, in pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.customers.views import STATUSES
from app.wiring.clock import new_event_id, now
from tests.integration.customers.world import UNKNOWN, Customer, World

if TYPE_CHECKING:
    from tests.stand_in import Convoy
    from tests.support import JsonObject


def ids(count: int) -> list[str]:
    return [new_event_id(now()) for _ in range(count)]


def test_deliveries_are_filtered_by_endpoint_event_and_status(
    ann: Customer, convoy: Convoy
) -> None:
    good = ann.register(event_types=["*"])
    bad = ann.register("http://127.0.0.1:9/nobody", event_types=["created"])
    first, second = ids(2)
    ann.publish("created", first)
    ann.publish("deleted", second)

    def found(**filters: str) -> list[tuple[str, str]]:
        return [(each["event"], each["endpoint"]) for each in ann.delivered(**filters)]

    assert set(found()) == {(second, good), (first, good), (first, bad)}
    assert found(endpoint=bad) == [(first, bad)]
    assert set(found(event=first)) == {(first, good), (first, bad)}
    assert found(event=first, endpoint=good) == [(first, good)]
    assert found(event=first, status="Failure") == [(first, bad)]
    assert found(status="Failure") == [(first, bad)]
    assert found(event=second, status="Failure") == []
    assert found(event=ids(1)[0]) == []
    both = ann.data("GET", "/deliveries", params={"status": ["Failure", "Success"]})
    assert len(both) == 3


def test_an_event_is_found_under_each_key_that_the_relay_gave_it(ann: Customer) -> None:
    ann.register()
    (event,) = ids(1)
    for key in (event, f"{event}.2", f"{event}.3"):
        ann.publish("created", key)

    assert [each["event"] for each in ann.delivered(event=event)] == [event] * 3
    assert [each["event"] for each in ann.delivered()] == [event] * 3


@pytest.mark.parametrize("event", [None, "its own"])
def test_pages_have_each_delivery_once_newest_first(ann: Customer, event: str | None) -> None:
    ann.register()
    (one,) = ids(1)
    keys = [one, *(f"{one}.{number}" for number in range(2, 8))] if event else ids(7)
    for key in keys:
        ann.publish("created", key)
    filters = {"event": one} if event else {}
    newest_first = [each["id"] for each in ann.delivered()]

    found: list[str] = []
    page: JsonObject | None = None
    after: dict[str, str] = {}
    while page is None or "next" in page:
        answer = ann.ask("GET", "/deliveries", params=filters | after | {"limit": 3})
        page = answer.json()
        assert len(page["data"]) <= 3
        found += [each["id"] for each in page["data"]]
        after = {"after": page.get("next", "")}

    assert found == newest_first
    assert len(found) == 7


def test_without_endpoints_there_are_no_deliveries(ann: Customer, bob: Customer) -> None:
    bob.register()
    bob.publish("created", "b")
    assert len(bob.delivered()) == 1

    assert ann.data("GET", "/deliveries") == []
    assert ann.data("GET", "/deliveries", params={"event": ids(1)[0]}) == []


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("after=x", 400, "after"),
        (f"after={UNKNOWN.lower()}", 400, "after"),
        ("event=x", 400, "event"),
        ("event=", 400, "event"),
        ("status=success", 422, "status.0"),
        ("status=", 422, "status.0"),
        ("limit=0", 422, "limit"),
        ("limit=1001", 422, "limit"),
    ],
)
def test_a_wrong_parameter_is_named(ann: Customer, query: str, status: int, field: str) -> None:
    ann.register()

    answer = ann.ask("GET", f"/deliveries?{query}")

    assert answer.status_code == status
    (fault,) = answer.json()["errors"]
    assert (fault["in"], fault["field"]) == ("query", field)


def test_convoy_is_asked_for_each_status_once(
    ann: Customer, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann.register()
    asked: list[object] = []
    listed = world.project.deliveries

    def deliveries(**filters: Any) -> Any:
        asked.append(filters["statuses"])
        return listed(**filters)

    monkeypatch.setattr(world.project, "deliveries", deliveries)

    ann.data("GET", f"/deliveries?{'&'.join(['status=Success', 'status=Retry'] * 300)}")

    assert asked == [["Success", "Retry"]]


def test_an_empty_endpoint_is_no_filter_but_a_404(ann: Customer) -> None:
    ann.register()

    assert ann.ask("GET", "/deliveries?endpoint=").status_code == 404


def test_the_statuses_are_those_of_the_contract() -> None:
    words = {"Success", "Failure", "Retry", "Scheduled", "Processing", "Discarded"}

    assert set(STATUSES) == words
    assert len(STATUSES) == len(words)
