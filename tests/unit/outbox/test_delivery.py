"""Delivering one event: publish, then ack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.events import Event
from app.outbox.delivery import OutboxDelivery
from app.ports import StoreError, StoreUnavailable
from tests.support import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.convoy.publisher import ConvoyPublisher
    from app.outbox.outcomes import Outcome
    from tests.support import Convoy

EVENT = Event(
    "e1", "ann", "created", NOW, {"event": "todo.created", "item": "buy a secret present"}
)


class Acks:
    """An outbox that only counts; `error` is what it raises."""

    def __init__(self, error: Exception | None = None) -> None:
        self.acked: list[str] = []
        self._error = error

    def ack(self, event_id: str) -> None:
        if self._error is not None:
            raise self._error
        self.acked.append(event_id)


def test_an_accepted_event_is_acked(publisher: ConvoyPublisher) -> None:
    acks = Acks()

    assert OutboxDelivery(publisher, acks).deliver(EVENT) is True
    assert acks.acked == ["e1"]


def test_an_event_that_convoy_did_not_accept_is_not_acked(
    publisher: ConvoyPublisher, convoy: Convoy
) -> None:
    convoy.fail(status=500)
    acks = Acks()

    assert OutboxDelivery(publisher, acks).deliver(EVENT) is False
    assert acks.acked == []


@pytest.mark.parametrize("error", [StoreUnavailable("throttled"), StoreError("denied")])
def test_a_failed_ack_is_logged_and_the_event_is_still_delivered(
    publisher: ConvoyPublisher, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    assert OutboxDelivery(publisher, Acks(error)).deliver(EVENT) is True
    (record,) = caplog.records
    assert record.message == f"ack failed: {error}"
    assert record.__dict__["event_id"] == "e1"


class Surprising:
    """A publisher that raises what no publisher names."""

    def publish(self, event: Event) -> Outcome:
        raise KeyError("surprise")


def test_whatever_a_publisher_raises_a_committed_change_is_a_success_and_waits(
    caplog: pytest.LogCaptureFixture,
) -> None:
    acks = Acks()

    assert OutboxDelivery(Surprising(), acks).deliver(EVENT) is False
    assert acks.acked == []
    (record,) = caplog.records
    assert record.message == "delivery failed; it waits in the outbox"
    assert (record.levelname, record.__dict__["event_id"]) == ("ERROR", "e1")
    assert "surprise" in caplog.text


def test_whatever_an_ack_raises_a_committed_change_is_a_success(
    publisher: ConvoyPublisher, caplog: pytest.LogCaptureFixture
) -> None:
    assert OutboxDelivery(publisher, Acks(KeyError("surprise"))).deliver(EVENT) is False
    assert "surprise" in caplog.text


def test_whatever_a_publisher_raises_an_announcement_fails_no_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    OutboxDelivery(Surprising(), Acks()).announce(EVENT)

    (record,) = caplog.records
    assert record.message == "announcement failed; it is dropped"
    assert (record.levelname, record.__dict__["event_id"]) == ("ERROR", "e1")
    assert "surprise" in caplog.text


def test_an_announcement_has_no_row_to_ack(publisher: ConvoyPublisher, convoy: Convoy) -> None:
    acks = Acks()
    delivery = OutboxDelivery(publisher, acks)

    delivery.announce(EVENT)
    convoy.fail(status=500)
    delivery.announce(EVENT)

    assert acks.acked == []
    assert len(convoy.events()) == 1


@pytest.mark.parametrize(
    ("deliver", "fate"),
    [
        (OutboxDelivery.deliver, "it waits in the outbox"),
        (OutboxDelivery.announce, "it is dropped: nothing changed"),
    ],
)
def test_the_log_tells_which_event_failed_why_and_what_becomes_of_it(
    publisher: ConvoyPublisher,
    convoy: Convoy,
    caplog: pytest.LogCaptureFixture,
    deliver: Callable[[OutboxDelivery, Event], object],
    fate: str,
) -> None:
    convoy.fail(status=500)

    deliver(OutboxDelivery(publisher, Acks()), EVENT)

    (record,) = caplog.records
    assert record.message == f"publish failed (Unavailable): 500: told to fail; {fate}"
    told = {name: record.__dict__[name] for name in ("event_id", "event_type", "reason")}
    assert told == {"event_id": "e1", "event_type": "created", "reason": "500: told to fail"}


def test_no_todo_text_gets_into_the_log(
    publisher: ConvoyPublisher, convoy: Convoy, caplog: pytest.LogCaptureFixture
) -> None:
    convoy.fail(status=400)

    OutboxDelivery(publisher, Acks()).deliver(EVENT)

    assert "secret present" not in "".join(str(record.__dict__) for record in caplog.records)
