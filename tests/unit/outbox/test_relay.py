"""What requests left behind reaches Convoy, until a run has a reason to stop."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.dynamodb.outbox_table import OutboxTable
from app.outbox.outcomes import Accepted, Misconfigured, Outcome, Refused, Unavailable
from app.outbox.relay import MAX_PAUSE_S, RESERVE_S, Relay
from app.ports import StoreUnavailable
from app.todos import Todo
from tests.support import NOW, TABLES
from tests.unit.outbox.world import DUE, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.publisher import ConvoyPublisher
    from app.events import Event
    from app.outbox.rows import Row
    from tests.support import Convoy


def test_what_is_older_than_the_grace_period_is_published_and_acked(world: World) -> None:
    world.leave("e1", "e2", "e3")

    report = world.relay().run()

    assert report.as_dict() == {
        "delivered": 3,
        "pending": 0,
        "failed": 0,
        "oldest_s": 0.0,
        "stopped": None,
        "partial": False,
    }
    assert list(world.table.pages()) == [[]]
    assert world.published == {"e1": 1, "e2": 1, "e3": 1}


def test_what_is_published_is_what_was_committed(
    world: World, publisher: ConvoyPublisher, convoy: Convoy
) -> None:
    world.leave("e1")

    Relay(publisher, world.table, lambda: DUE, lambda: 1.0).run()

    (event,) = convoy.events()
    assert (event["idempotency_key"], event["owner_id"], event["event_type"]) == (
        "e1",
        "ann",
        "created",
    )
    assert event["data"]["todo"] == Todo("ann", 1, "x").public()


def test_what_is_younger_is_left_to_its_request(world: World) -> None:
    world.leave("e1")
    world.now = DUE - timedelta(milliseconds=1000)

    report = world.relay().run()

    assert (report.delivered, report.pending) == (0, 1)
    assert report.oldest_s == pytest.approx(59, abs=0.01)
    assert world.published == {}


def test_a_down_convoy_is_found_out_by_a_few_rows_and_the_rest_is_not_tried(world: World) -> None:
    world.leave(*(f"e{n}" for n in range(10)))
    world.answer = Unavailable("503")

    report = world.relay().run()

    assert (report.delivered, report.pending) == (0, 10)
    assert report.stopped == "Convoy is down: 503"
    assert world.published.total() == 3


def test_retry_after_stops_the_run_and_is_waited_for(world: World) -> None:
    world.leave("e1", "e2", "e3")
    world.answer = Unavailable("429", 120)

    report = world.relay().run()

    assert report.stopped == "Convoy asked for 120 s: 429"
    assert world.published.total() == 1
    (tried,) = world.published
    assert (world.row(tried).due_at - DUE).total_seconds() == pytest.approx(120, abs=0.01)


def test_a_misconfiguration_stops_the_run_and_is_no_refusal(world: World) -> None:
    world.leave(*(f"e{n}" for n in range(10)))
    world.answer = Misconfigured("401: authorization failed")

    report = world.relay().run()

    assert report.stopped == "misconfigured: 401: authorization failed"
    assert (report.pending, report.failed) == (10, 0)
    assert world.published.total() == 3
    tried = next(iter(world.published))
    assert (world.row(tried).reason, world.row(tried).refusals) == ("401: authorization failed", 0)


@pytest.mark.parametrize("outcome", [Unavailable("503"), Misconfigured("403")])
def test_outages_between_which_others_get_through_do_not_stop_the_run(
    world: World, monkeypatch: pytest.MonkeyPatch, outcome: Outcome
) -> None:
    world.leave(*(f"e{n}" for n in range(12)))
    tried = 0

    def publish(_: object) -> Outcome:
        nonlocal tried
        tried += 1
        return outcome if tried % 3 else Accepted()

    monkeypatch.setattr(world, "publish", publish)
    report = world.relay().run()

    assert (report.delivered, report.pending, report.stopped) == (4, 8, None)


def test_one_row_that_convoy_chokes_on_does_not_hold_up_the_others(world: World) -> None:
    world.leave(*(f"e{n}" for n in range(10)))
    world.answers = {"e4": Unavailable("500"), "e7": Refused("400")}

    report = world.relay().run()

    assert (report.delivered, report.pending, report.stopped) == (8, 2, None)


def test_a_run_ends_before_its_deadline_and_tells_what_is_left(world: World) -> None:
    world.leave(*(f"e{n}" for n in range(5)))
    left = iter([30.0, RESERVE_S, RESERVE_S - 1, 0.0, 0.0, 0.0, 0.0])

    report = world.relay().run(lambda: next(left))

    assert (report.delivered, report.pending) == (2, 3)
    assert report.stopped == "out of time"


def test_out_of_time_between_pages_the_next_page_is_not_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    def pages(*_: object) -> Iterator[list[Row]]:
        for page in range(3):
            read.append(page)
            yield []

    monkeypatch.setattr(OutboxTable, "pages", pages)

    report = world.relay().run(lambda: 0.0)

    assert (report.stopped, report.partial) == ("out of time", True)
    assert read == [0]


def test_rows_behind_more_than_a_run_can_read_are_reached_by_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OutboxTable, "pages", row_by_row(OutboxTable.pages))
    world.leave("e1", "e2", "e3")
    parked = [row for (row,) in world.table.pages()][:2]
    assert all(world.table.park(row, reason="400") for row in parked)
    relay = world.relay()

    seconds = iter([30.0, 0.0])
    first = relay.run(lambda: next(seconds))
    assert (first.delivered, first.failed, first.partial) == (0, 2, True)

    second = relay.run()
    assert (second.delivered, second.failed, second.partial) == (1, 1, True)
    third = relay.run()
    assert (third.delivered, third.failed, third.partial) == (0, 2, False)


def row_by_row(pages: Callable[..., Iterator[list[Row]]]) -> Callable[..., Iterator[list[Row]]]:
    def read(*args: Any, **kwargs: Any) -> Iterator[list[Row]]:
        for page in pages(*args, **kwargs):
            for row in page:
                yield [row]

    return read


@pytest.mark.parametrize("outcome", [Accepted(), Unavailable("503"), Refused("400")])
def test_an_outbox_that_can_not_be_written_leaves_the_row_for_the_next_run(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    outcome: Outcome,
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise StoreUnavailable("throttled")

    world.leave("e1")
    world.answer = outcome
    with monkeypatch.context() as patch:
        patch.setattr(OutboxTable, "ack", busy)
        patch.setattr(OutboxTable, "postpone", busy)
        world.relay().run()
    assert "throttled" in caplog.text

    world.answer = Accepted()
    assert world.relay().run().delivered == 1
    assert world.published == {"e1": 2}


def test_a_publish_that_fails_in_no_known_way_leaves_its_row_and_holds_up_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world.leave("e1", "e2", "e3")
    answer = world.publish

    def publish(event: Event) -> Outcome:
        if event.id == "e2":
            raise ZeroDivisionError("a fault of ours")
        return answer(event)

    monkeypatch.setattr(world, "publish", publish)
    dealt_with: list[None] = []
    report = world.relay().run(on_row=lambda: dealt_with.append(None))

    assert (report.delivered, report.pending, len(dealt_with)) == (2, 1, 3)
    assert world.row("e2").attempts == 0
    assert "left e2 as it was" in caplog.text
    assert "ZeroDivisionError: a fault of ours" in caplog.text


def test_a_row_that_can_not_be_read_is_told_as_failed_and_holds_up_no_other(
    world: World, dynamodb: DynamoDBClient, caplog: pytest.LogCaptureFixture
) -> None:
    world.leave("e1", "e3")
    dynamodb.put_item(TableName=TABLES["OutboxTable"], Item={"event_id": {"S": "e2"}})

    report = world.relay().run()

    assert (report.delivered, report.pending, report.failed) == (2, 0, 1)
    assert "outbox row e2 can't be read: KeyError('owner')" in caplog.text
    assert world.relay().run().failed == 1


def test_an_outbox_that_fails_between_two_pages_is_told_with_what_was_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.leave("e1")
    row = world.row("e1")

    def pages(*_: object) -> Iterator[list[Row]]:
        yield [row]
        raise StoreUnavailable("throttled")

    monkeypatch.setattr(OutboxTable, "pages", pages)
    report = world.relay().run()

    assert (report.delivered, report.partial) == (1, True)
    assert report.stopped == "the rest of the outbox could not be read: throttled"


def test_an_outbox_of_which_nothing_can_be_read_is_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pages(*_: object) -> list[list[Row]]:
        raise StoreUnavailable("throttled")

    monkeypatch.setattr(OutboxTable, "pages", pages)

    with pytest.raises(StoreUnavailable, match="throttled"):
        world.relay().run()


def test_workers_share_the_rows_and_no_row_is_published_twice(world: World) -> None:
    world.leave(*(f"e{n}" for n in range(60)))
    seen: list[None] = []

    report = world.relay(workers=8).run(on_row=lambda: seen.append(None))

    assert report.delivered == 60
    assert set(world.published.values()) == {1}
    assert len(seen) == 60


def test_ten_minutes_of_outage_end_with_every_event_delivered_once(
    world: World, publisher: ConvoyPublisher, convoy: Convoy
) -> None:
    convoy.fail(status=503)
    for minute in range(10):
        world.leave(f"e{minute}", at=NOW + timedelta(minutes=minute))
        world.now = NOW + timedelta(minutes=minute)
        Relay(publisher, world.table, lambda: world.now, lambda: 1.0).run()
    convoy.recover()
    assert convoy.events() == []

    minutes = 0
    while Relay(publisher, world.table, lambda: world.now, lambda: 1.0).run().pending:
        world.now += timedelta(minutes=1)
        minutes += 1

    assert sorted(event["idempotency_key"] for event in convoy.events()) == [
        f"e{n}" for n in range(10)
    ]
    assert minutes <= MAX_PAUSE_S / 60
