"""The relay's settings say when an event is stuck, and when a delivery hangs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from app.outbox.deliveries import HUNG_AFTER, LOOKED_BACK, Hung, Undelivered
from tests.support import NOW
from tests.unit.outbox.world import DUE, RelayWorld

if TYPE_CHECKING:
    from app.outbox.relay import Relay

SHORT = timedelta(seconds=3)


class NothingUndelivered:
    def __init__(self) -> None:
        self.asked: list[tuple[datetime, datetime]] = []

    def hung(self, start: datetime, end: datetime) -> Hung:
        self.asked.append((start, end))
        return Hung(2, frozenset({"Scheduled"}), first=start, last=end)

    def retry_hung(self, hung: Hung) -> bool:
        assert self.asked[-1] == (hung.first, hung.last)
        return True

    def undelivered(self, _: datetime) -> Undelivered:
        return Undelivered(failed=0, discarded=0, disabled_endpoints=0)


def with_deliveries(world: RelayWorld) -> tuple[Relay, NothingUndelivered]:
    relay, deliveries = world.relay(), NothingUndelivered()
    relay.deliveries = deliveries
    return relay, deliveries


def test_an_event_is_stuck_after_as_long_as_the_relay_says(world: RelayWorld) -> None:
    world.commit_unpublished("e1")
    world.convoy.take("e1", "Pending", DUE - SHORT - timedelta(seconds=1))
    relay = world.relay()
    assert relay.run().replayed == 0

    relay.stuck_after = SHORT

    assert relay.run().replayed == 1


def test_a_delivery_hangs_after_as_long_as_the_relay_says(world: RelayWorld) -> None:
    relay, deliveries = with_deliveries(world)
    world.now = NOW
    relay.run()
    relay.hung_after = SHORT
    report = relay.run()

    since = NOW - LOOKED_BACK
    assert deliveries.asked == [(since, NOW - HUNG_AFTER), (since, NOW - SHORT)]
    assert report.deliveries
    assert report.deliveries.retried == 2
