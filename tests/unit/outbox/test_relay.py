"""A pass over the outbox: which rows it takes, when it stops, and what it leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.domain.ports import StoreUnavailable
from app.outbox.deliveries import (
    COUNTED_FOR,
    HUNG_AFTER,
    LOOKED_BACK,
    DeliveryReport,
    Hung,
    Undelivered,
)
from app.outbox.event_list import NotAnswered
from app.outbox.outcomes import Misconfigured, Refused, Unavailable
from app.outbox.relay import Relay
from app.outbox.relay_attempts import MAX_REFUSALS, Attempts
from app.outbox.rows import Segment, UnreadableRow
from tests.support import GRACE, NOW
from tests.unit.outbox.world import DUE, RESERVE_S, RelayWorld

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from app.domain.events import Event
    from app.outbox.outcomes import Outcome
    from app.outbox.rows import Row


def handled(world: RelayWorld, *event_ids: str) -> None:
    """Rows of events that Convoy shows as handled."""
    world.commit_unpublished(*event_ids)
    for event_id in event_ids:
        world.convoy.take(event_id, at=NOW)


def test_a_pass_reports_what_it_did_and_left(world: RelayWorld) -> None:
    handled(world, "e1", "e2")
    world.commit_unpublished("e3")
    world.live_traffic()

    report = world.relay().run()

    assert report.as_dict() == {
        "settled": 2,
        "published": 1,
        "replayed": 0,
        "pending": 1,
        "failed": 0,
        "oldest_s": 60.0,
        "stopped": None,
        "partial": False,
        "deliveries": None,
    }


def test_a_young_row_is_left_to_its_request(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    world.now = DUE - timedelta(seconds=1)

    report = world.relay().run()

    assert (report.pending, report.oldest_s) == (1, 59)
    assert world.convoy.questions == []


def test_an_empty_outbox_asks_convoy_nothing(world: RelayWorld) -> None:
    assert world.relay().run().pending == 0
    assert world.convoy.questions == []


def test_an_outage_in_a_pass_is_noticed_after_a_few_rows(world: RelayWorld) -> None:
    world.commit_unpublished(*(f"e{n}" for n in range(20)))
    world.live_traffic()
    world.convoy.answer = Unavailable("503")
    world.convoy.goes_down_with_publishing = True

    report = world.relay().run()

    assert (report.stopped, report.pending) == ("Convoy is down: down", 20)
    assert world.convoy.published.total() <= 3  # and questions by key, which fail too


def test_a_rate_limit_ends_the_pass_and_its_rows_wait(world: RelayWorld) -> None:
    world.commit_unpublished(*(f"e{n}" for n in range(60)))
    world.live_traffic()
    world.convoy.answer = Unavailable("429: slow down", 120)
    relay = world.relay()

    first = relay.run()
    assert first.stopped == "Convoy asked for 120 s: 429: slow down"
    tried = world.convoy.published.total()
    assert 32 <= tried <= 34

    world.convoy.answer = world.convoy.accepted
    world.now = DUE + timedelta(seconds=119)
    assert relay.run().published == 60 - tried  # those that were not tried

    world.now = DUE + timedelta(seconds=120)
    assert relay.run().published == tried


def test_a_rate_limit_on_a_question_pauses_the_relay(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    world.convoy.down = Unavailable("429: slow down", 120)
    relay = world.relay()
    assert relay.run().stopped == "Convoy asked for 120 s: 429: slow down"

    world.convoy.down = None
    world.now = DUE + timedelta(seconds=119)
    assert relay.run().stopped == "Convoy asked for a pause until 12:03:00 UTC"
    assert world.convoy.questions == ["newest"]

    world.now = DUE + timedelta(seconds=120)
    assert relay.run().published == 1


@pytest.mark.parametrize("outcome", [Unavailable("503"), Misconfigured("403: html")])
def test_failures_of_single_events_do_not_end_the_pass(world: RelayWorld, outcome: Outcome) -> None:
    world.commit_unpublished(*(f"e{n}" for n in range(30)))
    world.live_traffic()
    world.convoy.answer = outcome

    report = world.relay().run()

    assert (report.stopped, report.pending) == (None, 30)
    assert world.convoy.published.total() == 30


def test_a_pass_ends_before_its_deadline_and_leaves_the_rest(world: RelayWorld) -> None:
    world.commit_unpublished(*(f"e{n}" for n in range(5)))
    world.live_traffic()
    relay = world.relay()

    report = relay.run(lambda: 30.0 if world.convoy.published.total() < 2 else RESERVE_S - 1)

    assert (report.published, report.pending, report.stopped) == (2, 5, "out of time")


def test_the_next_page_is_not_read_when_time_is_up(world: RelayWorld) -> None:
    world.commit_unpublished("e1", "e2", "e3")
    world.outbox.page = 1

    report = world.relay().run(lambda: 0.0)

    assert (report.stopped, report.partial, report.pending) == ("out of time", True, 1)


def test_a_pass_goes_on_where_the_last_one_stopped(world: RelayWorld) -> None:
    world.commit_unpublished("e1", "e2")
    handled(world, "e3")
    world.outbox.page = 1
    for event_id in ("e1", "e2"):
        assert world.outbox.park(world.row(event_id), now=DUE, reason="400")
    relay = world.relay()

    seconds = iter([30.0] * 3)  # after each page, and after the first batch
    first = relay.run(lambda: next(seconds, 0.0))
    assert (first.settled, first.failed, first.partial) == (0, 2, True)
    second = relay.run()
    assert (second.settled, second.failed, second.partial) == (1, 0, True)
    third = relay.run()
    assert (third.failed, third.partial) == (2, False)


@pytest.mark.parametrize("outcome", [None, Unavailable("503")])
def test_a_row_that_can_not_be_written_is_left_for_the_next_pass(
    world: RelayWorld, caplog: pytest.LogCaptureFixture, outcome: Outcome | None
) -> None:
    world.commit_unpublished("e1")
    world.live_traffic()
    world.convoy.answer = outcome or world.convoy.accepted
    world.outbox.error = StoreUnavailable("throttled")

    assert world.relay().run().pending == 1
    assert "left e1 unchanged: throttled" in caplog.text
    assert world.row("e1").attempts == 0


def test_a_row_that_another_relay_changed_is_not_overwritten(world: RelayWorld) -> None:
    world.commit_unpublished("e1", "e2")
    world.live_traffic()
    publish = world.convoy.publish

    def overtaken(event: Event) -> Outcome:
        world.outbox.remove([event.id])
        return publish(event)

    world.convoy.publish = overtaken  # type: ignore[method-assign]
    report = world.relay().run()

    assert (world.ids(), report.pending) == ([], 0)


def test_an_unexpected_error_leaves_its_row_and_delays_no_other(
    world: RelayWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world.commit_unpublished("e1", "e2", "e3")
    world.live_traffic()
    publish = world.convoy.publish

    def failing(event: Event) -> Outcome:
        if event.id == "e2":
            raise ZeroDivisionError("unexpected")
        return publish(event)

    world.convoy.publish = failing  # type: ignore[method-assign]
    seen: list[None] = []
    report = world.relay().run(on_row=lambda: seen.append(None))

    assert (report.published, report.pending, len(seen)) == (2, 3, 3)
    assert world.row("e2").attempts == 0
    assert "left e2 unchanged" in caplog.text
    assert "ZeroDivisionError: unexpected" in caplog.text


def test_an_unreadable_row_counts_as_failed_and_delays_no_other(
    world: RelayWorld, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    handled(world, "e1")
    pages = world.outbox.pages

    def damaged(
        unreadable: Callable[[UnreadableRow], object], *about: object
    ) -> Iterator[list[Row]]:
        unreadable(UnreadableRow("e2", KeyError("owner")))
        return pages(unreadable, *about)  # type: ignore[arg-type]

    monkeypatch.setattr(world.outbox, "pages", damaged)
    report = world.relay().run()

    assert (report.settled, report.failed) == (1, 1)
    assert "outbox row e2 can't be read: KeyError('owner')" in caplog.text


def test_rows_that_were_read_before_a_failing_page_are_settled(
    world: RelayWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    handled(world, "e1")
    row = world.row("e1")

    def pages(*_: object) -> Iterator[list[Row]]:
        yield [row]
        raise StoreUnavailable("throttled")

    monkeypatch.setattr(world.outbox, "pages", pages)
    report = world.relay().run()

    assert (report.settled, report.partial) == (1, True)
    assert report.stopped == "the rest of the outbox could not be read: throttled"


def test_a_page_that_stays_unreadable_holds_up_no_row_before_it(
    world: RelayWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pages(_: object, __: object, after: str | None) -> Iterator[list[Row]]:
        if after is None:
            yield [row for row in world.outbox.rows.values() if row.event.id < "e5"]
        raise StoreUnavailable("throttled")

    monkeypatch.setattr(world.outbox, "pages", pages)
    relay = world.relay()
    handled(world, "e1")
    assert relay.run().settled == 1

    handled(world, "e2")
    with pytest.raises(StoreUnavailable, match="throttled"):
        relay.run()

    assert relay.run().settled == 1


def test_an_unreadable_outbox_is_an_error(
    world: RelayWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pages(*_: object) -> Iterator[list[Row]]:
        raise StoreUnavailable("throttled")
        yield []

    monkeypatch.setattr(world.outbox, "pages", pages)

    with pytest.raises(StoreUnavailable, match="throttled"):
        world.relay().run()


def test_workers_share_the_rows_and_publish_none_twice(world: RelayWorld) -> None:
    world.commit_unpublished(*(f"e{n}" for n in range(60)))
    world.live_traffic()
    seen: list[None] = []

    report = world.relay(workers=8).run(on_row=lambda: seen.append(None))

    assert report.published == 60
    assert set(world.convoy.published.values()) == {1}
    assert len(seen) == 60


class Deliveries:
    """Fake deliveries of Convoy; records the moments that were requested."""

    def __init__(
        self, error: NotAnswered | None = None, *, hung: int = 4, retries: bool = True
    ) -> None:
        self.asked: list[datetime] = []
        self._error = error
        self._hung = hung
        self._retries = retries

    def hung(self, start: datetime, end: datetime) -> Hung | None:
        if self._error:
            raise self._error
        self.asked += [start, end]
        if not self._hung:
            return None
        return Hung(self._hung, frozenset({"Scheduled"}), first=start, last=end)

    def retry_hung(self, hung: Hung) -> bool:
        self.asked += [hung.first, hung.last]
        return self._retries

    def undelivered(self, since: datetime) -> Undelivered:
        self.asked.append(since)
        return Undelivered(failed=3, discarded=2, disabled_endpoints=1)


def relay_with(world: RelayWorld, deliveries: Deliveries, segment: Segment) -> Relay:
    attempts = Attempts(
        world.convoy, world.convoy, world.outbox, lambda: world.now, lambda: 1.0, GRACE
    )
    return Relay(
        attempts,
        world.convoy,
        world.outbox,
        lambda: world.now,
        RESERVE_S,
        deliveries=deliveries,
        segment=segment,
    )


def test_a_pass_checks_convoys_deliveries(world: RelayWorld) -> None:
    deliveries = Deliveries()

    report = relay_with(world, deliveries, Segment(1, 2)).run()

    assert report.deliveries == DeliveryReport(4, 4, 3, 2, 1)
    ago = [LOOKED_BACK, HUNG_AFTER, LOOKED_BACK, HUNG_AFTER, COUNTED_FOR]
    assert deliveries.asked == [world.now - each for each in ago]


def test_without_hung_deliveries_nothing_is_retried(world: RelayWorld) -> None:
    deliveries = Deliveries(hung=0)

    report = relay_with(world, deliveries, Segment(1, 1)).run()

    assert report.deliveries == DeliveryReport(0, 0, 3, 2, 1)
    assert len(deliveries.asked) == 3


def test_hung_deliveries_are_counted_if_convoy_takes_no_bulk_retry(
    world: RelayWorld, caplog: pytest.LogCaptureFixture
) -> None:
    report = relay_with(world, Deliveries(retries=False), Segment(1, 1)).run()

    assert report.deliveries == DeliveryReport(4, 0, 3, 2, 1)
    assert "4 deliveries hang, and Convoy's last bulk retry is not over" in caplog.text


def test_one_segment_checks_deliveries_for_all(world: RelayWorld) -> None:
    deliveries = Deliveries()

    assert relay_with(world, deliveries, Segment(2, 2)).run().deliveries is None
    assert deliveries.asked == []


def test_a_pass_without_time_leaves_deliveries_to_the_next(world: RelayWorld) -> None:
    deliveries = Deliveries()

    report = relay_with(world, deliveries, Segment(1, 1)).run(lambda: 0.0)

    assert report.deliveries is None
    assert deliveries.asked == []


def test_an_unanswered_question_about_deliveries_fails_no_pass(
    world: RelayWorld, caplog: pytest.LogCaptureFixture
) -> None:
    handled(world, "e1")
    deliveries = Deliveries(NotAnswered(Unavailable("500: x")))

    report = relay_with(world, deliveries, Segment(1, 1)).run()

    assert (report.settled, report.deliveries) == (1, None)
    assert "deliveries not checked: 500: x" in caplog.text


@pytest.mark.parametrize("status", ["", "Pending"])
def test_nothing_is_tried_when_time_is_up_after_a_question(world: RelayWorld, status: str) -> None:
    """A row that waited for its question too long is neither published nor replayed."""
    world.commit_unpublished("e1")
    world.live_traffic()
    if status:
        world.convoy.take("e1", status, NOW - timedelta(hours=1))
    relay = world.relay()

    report = relay.run(lambda: 0.0 if "under" in world.convoy.questions else 30.0)

    assert (report.published, report.replayed, report.pending) == (0, 0, 1)
    assert world.row("e1").attempts == 0


def test_a_row_that_another_relay_deleted_is_not_parked(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    world.live_traffic()
    world.outbox.rows["e1"] = replace(world.row("e1"), refusals=MAX_REFUSALS - 1)
    publish = world.convoy.publish

    def overtaken(event: Event) -> Outcome:
        world.outbox.remove([event.id])
        return publish(event)

    world.convoy.publish = overtaken  # type: ignore[method-assign]
    world.convoy.answer = Refused("400")
    report = world.relay().run()

    assert (world.ids(), report.failed) == ([], 0)
