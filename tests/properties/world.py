"""Any order of changes, crashes, outages and relays: what was committed is what the receiver holds.

Two owners, real store (moto), real publisher (the stand-in over HTTP), a held clock, and the
breaker that it ages. In the middle of a request or of a relay's pass the process crashes, and
leaves all as it is, or another relay makes a whole pass.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
)

from app.changes import ResourceError
from app.outbox.breaker import OPEN_S, Breaker
from app.outbox.delivery import OutboxDelivery
from app.outbox.relay import MAX_REFUSALS, Relay
from app.ports import KEY_LIFE
from app.service import KeyReused
from infra.local.tables import create_tables
from tests.properties.happenings import FAULTS, IDS, ITEMS, KEYS, OF_RELAYS, OF_REQUESTS, OWNERS
from tests.properties.seams import Crash, Seams
from tests.support import NOW, TABLES, Outbox, TodoService, make_publisher, make_service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.outbox.relay_run import Report
    from app.service import Committed
    from tests.properties.happenings import Interruption
    from tests.support import Convoy


class World(RuleBasedStateMachine):
    """`dynamodb` and `convoy` are put in by the test, and are emptied for each run."""

    dynamodb: DynamoDBClient
    convoy: Convoy

    def __init__(self) -> None:
        super().__init__()
        create_tables(self.dynamodb, TABLES)
        self.convoy.reset()
        self.now = NOW
        self.ids = 0
        self.publisher = make_publisher(self.convoy.api)
        self.outbox = Outbox(self.dynamodb)
        self.seams = Seams(self.dynamodb, self.publisher)
        self.service = self._api()

    # What can happen.

    @rule(owner=OWNERS, todo_id=IDS, item=ITEMS, key=KEYS, interruption=OF_REQUESTS)
    def create(
        self,
        owner: str,
        todo_id: int,
        item: str,
        key: str | None,
        interruption: Interruption | None,
    ) -> None:
        with self._request(interruption):
            done = self.service.create(owner, todo_id, {"item": item}, key=key)
            self._one_event_a_key(owner, key, done)

    @rule(owner=OWNERS, todo_id=IDS, item=ITEMS, key=KEYS, interruption=OF_REQUESTS)
    def update(
        self,
        owner: str,
        todo_id: int,
        item: str,
        key: str | None,
        interruption: Interruption | None,
    ) -> None:
        with self._request(interruption):
            done = self.service.update(owner, todo_id, {"item": item}, key=key)
            self._one_event_a_key(owner, key, done)

    @rule(owner=OWNERS, todo_id=IDS, key=KEYS, interruption=OF_REQUESTS)
    def delete(
        self, owner: str, todo_id: int, key: str | None, interruption: Interruption | None
    ) -> None:
        with self._request(interruption):
            done = self.service.delete(owner, todo_id, key=key)
            self._one_event_a_key(owner, key, done)

    @rule(wait_s=st.sampled_from([0, 61, 1000]), interruption=st.none() | OF_RELAYS)
    def relay(self, wait_s: int, interruption: Interruption | None) -> None:
        self.now += timedelta(seconds=wait_s)
        with suppress(Crash), self._interrupted(interruption):
            self._pass()

    @rule(interruption=st.none() | OF_RELAYS)
    def two_hours_of_relays(self, interruption: Interruption | None) -> None:
        for _ in range(MAX_REFUSALS):
            self.relay(1000, interruption)

    @rule(
        fault=st.none() | FAULTS,
        passes=st.sampled_from([1, MAX_REFUSALS]),
        interruption=OF_RELAYS,
    )
    def relays_meet_over_what_an_outage_left(
        self, fault: dict[str, Any] | None, passes: int, interruption: Interruption
    ) -> None:
        self.convoy.fail(status=503)
        for owner in ("ann", "bob"):
            self.service.create(owner, None, {"item": "x"})
        self.convoy.recover()
        if fault:
            self.convoy.fail(**fault)
        for _ in range(passes):
            self.relay(1000, interruption)

    @rule(fault=FAULTS)
    def convoy_goes_down(self, fault: dict[str, Any]) -> None:
        self.convoy.fail(**fault)

    @rule()
    def convoy_comes_up(self) -> None:
        self.convoy.recover()

    @rule()
    def an_operator_redrives_what_failed(self) -> None:
        self.outbox.redrive_all(self.now)

    @rule(seconds=st.sampled_from([1, OPEN_S, 61, 1000, KEY_LIFE.total_seconds()]))
    def time_passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    # What must hold.

    @invariant()
    def each_committed_change_waits_or_has_arrived(self) -> None:
        waiting = set(self.outbox.event_ids())
        missing = {event.id for event in self.seams.committed} - waiting - set(self._arrived())
        assert missing == set()

    @invariant()
    def nothing_waits_that_was_not_committed_or_that_was_acked(self) -> None:
        waiting = set(self.outbox.event_ids())
        assert waiting <= {event.id for event in self.seams.committed} - self.seams.acked

    @invariant()
    def versions_have_no_gaps(self) -> None:
        histories: dict[tuple[str, int], list[int]] = defaultdict(list)
        for event in self.seams.committed:
            todo: Any = event.data["todo"]
            histories[event.owner, todo["id"]].append(todo["version"])
        for history in histories.values():
            assert history == [*range(1, len(history) + 1)]

    def teardown(self) -> None:
        """Recovery: Convoy is up, and the relay runs until nothing is left."""
        try:
            self.convoy.recover()
            for _ in range(20):
                self.now += timedelta(seconds=1000)
                self.outbox.redrive_all(self.now)
                report = self._pass()
            assert (report.pending, report.failed) == (0, 0)
            arrived = self._arrived()
            committed = self.seams.committed
            for event in committed:
                assert arrived[event.id] == (event.owner, event.data)
            told = {key for key, (_, data) in arrived.items() if data["event"] != "todo.failure"}
            assert told == {event.id for event in committed}
            assert len(committed) == len(told)
        finally:
            self.publisher.close()
            for table in TABLES.values():
                self.dynamodb.delete_table(TableName=table)

    def _api(self) -> TodoService:
        """A new process of it."""
        breaker = Breaker(self.seams, self._seconds, lambda: 0.0)
        return make_service(
            self.dynamodb,
            self.publisher,
            store=self.seams,
            delivery=OutboxDelivery(breaker, self.seams),
            clock=lambda: self.now,
            new_event_id=self._new_id,
            new_id=lambda: 100 + self.ids,
        )

    def _seconds(self) -> float:
        return (self.now - NOW).total_seconds()

    def _pass(self) -> Report:
        return Relay(self.seams, self.seams, lambda: self.now, lambda: 1.0, workers=1).run()

    @contextmanager
    def _interrupted(self, interruption: Interruption | None) -> Iterator[None]:
        def come_between() -> None:
            assert interruption is not None
            if interruption.after_s is None:
                self.seams.crash()
            self.now += timedelta(seconds=interruption.after_s)
            if interruption.mended:
                self.convoy.recover()
            self._pass()

        with self.seams.interrupted(interruption.moment if interruption else None, come_between):
            yield

    @contextmanager
    def _request(self, interruption: Interruption | None) -> Iterator[None]:
        try:
            with self._interrupted(interruption):
                yield
        except (ResourceError, KeyReused):
            pass
        except Crash:
            self.service = self._api()

    def _one_event_a_key(self, owner: str, key: str | None, done: Committed) -> None:
        assert key is None or done.event_id == self.seams.keys[owner, key][0]

    def _new_id(self, _: datetime) -> str:
        self.ids += 1
        return f"event-{self.ids}"

    def _arrived(self) -> dict[str, tuple[str, Any]]:
        """What a receiver that drops repeats of a key holds."""
        arrived: dict[str, tuple[str, Any]] = {}
        for event in self.convoy.events():
            arrived.setdefault(event["idempotency_key"], (event["owner_id"], event["data"]))
        return arrived
