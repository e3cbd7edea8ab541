"""The request's own attempt: publish once, and record a failure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.domain.events import Event
from app.domain.ports import StoreError, StoreUnavailable
from app.outbox.outcomes import Accepted, Misconfigured, Refused, Skipped, Unavailable
from app.outbox.request_attempt import OutboxDelivery
from app.outbox.rows import WAITING
from tests.support import NOW

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.convoy.publisher import ConvoyPublisher
    from app.outbox.outcomes import Outcome, Publisher
    from app.outbox.rows import Row
    from tests.stand_in import Convoy

EVENT = Event(
    "e1", "ann", "created", NOW, {"event": "todo.created", "item": "buy a secret present"}
)


class Records:
    """An outbox that records failed attempts, or raises `error`."""

    def __init__(self, error: Exception | None = None) -> None:
        self.rows: list[tuple[Row, datetime, str, bool]] = []
        self._error = error

    def postpone(
        self, row: Row, *, now: datetime, due_at: datetime, reason: str, refused: bool
    ) -> bool:
        if self._error is not None:
            raise self._error
        assert now == LATER
        self.rows.append((row, due_at, reason, refused))
        return True


LATER = NOW + timedelta(seconds=2)


def delivery(publisher: Publisher, records: Records, jitter: float = 1.0) -> OutboxDelivery:
    return OutboxDelivery(publisher, records, lambda: LATER, lambda: jitter)


class Answering:
    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def publish(self, event: Event) -> Outcome:
        return self._outcome


@pytest.mark.parametrize(
    ("outcome", "accepted"), [(Accepted(), True), (Skipped("breaker is open"), False)]
)
def test_neither_an_accepted_event_nor_a_skipped_one_is_recorded(
    outcome: Outcome, accepted: bool
) -> None:
    records = Records()

    assert delivery(Answering(outcome), records).deliver(EVENT) is accepted
    assert records.rows == []


@pytest.mark.parametrize(
    ("outcome", "pause_s"),
    [
        (Unavailable("503: x"), 30),
        (Unavailable("503: x", 90), 90),
        (Misconfigured("503: x"), 30),
        (Refused("503: x"), 30),
    ],
)
def test_a_failed_attempt_is_recorded_in_the_row(outcome: Outcome, pause_s: int) -> None:
    records = Records()

    assert delivery(Answering(outcome), records).deliver(EVENT) is False
    ((row, due_at, reason, refused),) = records.rows
    assert (row.event, row.attempts, row.state) == (EVENT, 0, WAITING)
    assert (due_at, reason, refused) == (LATER + timedelta(seconds=pause_s), "503: x", False)


def test_failed_attempts_become_due_at_random_times() -> None:
    records = Records()
    delivery(Answering(Unavailable("503")), records, jitter=0.0).deliver(EVENT)

    assert records.rows[0][1] == LATER + timedelta(seconds=15)


@pytest.mark.parametrize("error", [StoreUnavailable("throttled"), StoreError("denied")])
def test_a_record_that_fails_is_logged_and_fails_no_request(
    caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    assert delivery(Answering(Unavailable("503")), Records(error)).deliver(EVENT) is False
    record = caplog.records[-1]
    assert record.message == f"attempt not recorded: {error}"
    assert record.__dict__["event_id"] == "e1"


class Surprising:
    """A publisher that raises an unexpected error."""

    def publish(self, event: Event) -> Outcome:
        raise KeyError("surprise")


@pytest.mark.parametrize(
    ("publisher", "records"),
    [
        (Surprising(), Records()),
        (Answering(Unavailable("503")), Records(KeyError("surprise"))),
    ],
    ids=["publisher", "outbox"],
)
def test_a_committed_change_succeeds_whatever_its_delivery_raises(
    publisher: Publisher, records: Records, caplog: pytest.LogCaptureFixture
) -> None:
    assert delivery(publisher, records).deliver(EVENT) is False
    record = caplog.records[-1]
    assert record.message == "delivery failed; the event waits in the outbox"
    assert (record.levelname, record.__dict__["event_id"]) == ("ERROR", "e1")
    assert "surprise" in caplog.text


def test_best_effort_publishing_fails_no_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    delivery(Surprising(), Records()).publish_best_effort(EVENT)

    (record,) = caplog.records
    assert record.message == "publish failed; the event is dropped"
    assert (record.levelname, record.__dict__["event_id"]) == ("ERROR", "e1")
    assert "surprise" in caplog.text


def test_best_effort_publishing_writes_no_row(publisher: ConvoyPublisher, convoy: Convoy) -> None:
    records = Records()

    delivery(publisher, records).publish_best_effort(EVENT)
    convoy.fail(status=500)
    delivery(publisher, records).publish_best_effort(EVENT)

    assert records.rows == []
    assert len(convoy.events()) == 1


@pytest.mark.parametrize(
    ("deliver", "fate"),
    [
        (OutboxDelivery.deliver, "the event waits in the outbox"),
        (OutboxDelivery.publish_best_effort, "the event is dropped: it reports no change"),
    ],
)
def test_the_log_says_which_event_failed_why_and_what_follows(
    publisher: ConvoyPublisher,
    convoy: Convoy,
    caplog: pytest.LogCaptureFixture,
    deliver: Callable[[OutboxDelivery, Event], object],
    fate: str,
) -> None:
    convoy.fail(status=500)

    deliver(delivery(publisher, Records()), EVENT)

    (record,) = caplog.records
    assert record.message == f"publish failed (Unavailable): 500: injected fault; {fate}"
    logged = {name: record.__dict__[name] for name in ("event_id", "event_type", "reason")}
    assert logged == {"event_id": "e1", "event_type": "created", "reason": "500: injected fault"}


def test_no_todo_text_gets_into_the_log(
    publisher: ConvoyPublisher, convoy: Convoy, caplog: pytest.LogCaptureFixture
) -> None:
    convoy.fail(status=400)

    delivery(publisher, Records()).deliver(EVENT)

    assert "secret present" not in "".join(str(record.__dict__) for record in caplog.records)
