"""Any order of changes, crashes, outages and relays: the receiver gets every committed event.

Two owners, the real store (moto), the real publisher and questions (the stand-in over HTTP), real
deliveries, a controlled clock, also for the breaker. In the middle of a request, or of a relay's
pass, the process crashes, or another relay makes a whole pass. Convoy's worker works while time
passes. The worker can be stopped, and its queues can be lost.
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

from app.domain.event_ids import uuid7
from app.domain.idempotency import KEY_LIFE, KeyReused
from app.domain.resource import ResourceError
from app.outbox.breaker import OPEN_S, Breaker
from app.outbox.relay_attempts import MAX_REFUSALS
from app.outbox.request_attempt import OutboxDelivery
from app.outbox.rows import FAILED
from infra.local.tables import create_tables
from tests.components import TodoService, make_publisher, make_questions, make_service
from tests.integration.properties.crash_points import Crash, CrashPoints
from tests.integration.properties.outside import Outside
from tests.integration.properties.strategies import (
    FAULTS,
    IDS,
    ITEMS,
    KEYS,
    OF_RELAYS,
    OF_REQUESTS,
    OWNERS,
    QUEUES,
)
from tests.support import NOW
from tests.tables import TABLES, Outbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.domain.service import Committed
    from app.outbox.relay_run import Report
    from infra.fake_convoy.queues import Queue
    from tests.integration.properties.strategies import Interruption
    from tests.receiver import Receiver
    from tests.stand_in import Convoy

MOST_PASSES = 20
"""Passes until the outbox must be empty: more than it ever takes."""


class PropertyWorld(RuleBasedStateMachine):
    """The test sets `dynamodb`, `convoy` and `receiver`, which are emptied for each run."""

    dynamodb: DynamoDBClient
    convoy: Convoy
    receiver: Receiver

    def __init__(self) -> None:
        super().__init__()
        create_tables(self.dynamodb, TABLES)
        self.now = NOW
        self.ids = 0
        self.outside = Outside(self.convoy, self.receiver, lambda: self.now)
        self.publisher = make_publisher(self.convoy.api)
        self.questions = make_questions(self.convoy.api)
        self.outbox = Outbox(self.dynamodb)
        self.crash_points = CrashPoints(
            self.dynamodb, self.publisher, self.questions, lambda: self.now
        )
        self.service = self._api()

    # Rules.

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
        self.time_passes(wait_s)
        with suppress(Crash), self._interrupted(interruption):
            self._pass()

    @rule(interruption=st.none() | OF_RELAYS)
    def two_hours_of_relays(self, interruption: Interruption | None) -> None:
        for _ in range(MAX_REFUSALS):
            self.relay(1000, interruption)

    @rule(
        lost=st.none() | QUEUES,
        fault=st.none() | FAULTS,
        passes=st.sampled_from([1, MAX_REFUSALS]),
        interruption=OF_RELAYS,
    )
    def relays_overlap(
        self,
        lost: Queue | None,
        fault: dict[str, Any] | None,
        passes: int,
        interruption: Interruption,
    ) -> None:
        """Convoy was down, or has `lost` accepted events."""
        self.convoy.recover()
        if not lost:
            self.convoy.fail(status=503)
        for owner in ("ann", "bob") * 2:
            self.service.create(owner, None, {"item": "x"})
        self.convoy.recover()
        if lost:
            self.convoy_loses(lost)
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

    @rule(queue=QUEUES)
    def convoys_worker_stops_at(self, queue: Queue) -> None:
        self.outside.stopped.add(queue)

    @rule()
    def convoys_worker_goes_on(self) -> None:
        self.outside.stopped.clear()

    @rule(queue=QUEUES)
    def convoy_loses(self, queue: Queue) -> None:
        self.outside.lose(queue)

    @rule()
    def an_operator_redrives_failed_events(self) -> None:
        self.outbox.redrive_all(self.now)

    @rule(seconds=st.sampled_from([1, OPEN_S, 61, 1000, KEY_LIFE.total_seconds()]))
    def time_passes(self, seconds: float) -> None:
        if seconds:
            self.outside.work()
        self.now += timedelta(seconds=seconds)

    # Invariants.

    @invariant()
    def each_committed_event_waits_or_is_handled(self) -> None:
        waiting = set(self.outbox.event_ids())
        missing = (
            {event.id for event in self.crash_points.committed} - waiting - self.outside.handled()
        )
        assert missing == set()

    @invariant()
    def each_row_was_committed_and_not_removed(self) -> None:
        waiting = set(self.outbox.event_ids())
        committed = {event.id for event in self.crash_points.committed}
        assert waiting <= committed - self.crash_points.removed

    @invariant()
    def nothing_arrives_twice(self) -> None:
        assert self.outside.arrived_often() == set()

    @invariant()
    def versions_have_no_gaps(self) -> None:
        histories: dict[tuple[str, int], list[int]] = defaultdict(list)
        for event in self.crash_points.committed:
            todo: Any = event.data["todo"]
            histories[event.owner, todo["id"]].append(todo["version"])
        for history in histories.values():
            assert history == [*range(1, len(history) + 1)]

    def teardown(self) -> None:
        """With Convoy up, the relay works until the outbox is empty: all events are received."""
        try:
            self.only_refused_events_are_parked()
            self._recover()
            self.nothing_arrives_twice()
            self.outside.assert_received(self.crash_points.committed, self.dynamodb)
        finally:
            self.publisher.close()
            self.questions.close()
            for table in TABLES.values():
                self.dynamodb.delete_table(TableName=table)

    def only_refused_events_are_parked(self) -> None:
        """No event is parked because Convoy's worker stopped, or lost a job."""
        parked = [row.reason for row in self.outbox.rows() if row.state == FAILED]
        assert [why for why in parked if why.startswith(("accepted", "replayed"))] == []

    def _recover(self) -> None:
        self.convoy.recover()
        self.outside.stopped.clear()
        for _ in range(MOST_PASSES):
            self.time_passes(1000)
            self.outbox.redrive_all(self.now)
            report = self._pass()
            hung = report.deliveries is None or report.deliveries.retried
            if not (report.pending or report.failed or hung):
                break
        else:
            raise AssertionError(report)
        self.outside.work()

    def _api(self) -> TodoService:
        """The API of a new process."""
        breaker = Breaker(self.crash_points, self._seconds, lambda: 0.0)
        return make_service(
            self.dynamodb,
            self.publisher,
            store=self.crash_points,
            delivery=OutboxDelivery(breaker, self.crash_points, lambda: self.now, lambda: 1.0),
            clock=lambda: self.now,
            new_event_id=self._new_id,
            new_id=lambda: 100 + self.ids,
        )

    def _seconds(self) -> float:
        return (self.now - NOW).total_seconds()

    def _pass(self) -> Report:
        return self.crash_points.relay(lambda: self.now).run()

    @contextmanager
    def _interrupted(self, interruption: Interruption | None) -> Iterator[None]:
        def come_between() -> None:
            assert interruption is not None
            if interruption.after_s is None:
                self.crash_points.crash()
            self.time_passes(interruption.after_s)
            if interruption.convoy_is_up:
                self.convoy.recover()
            self._pass()

        moment = interruption.moment if interruption else None
        with self.crash_points.interrupted(moment, come_between):
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
        assert key is None or done.event_id == self.crash_points.keys[owner, key][0]

    def _new_id(self, moment: datetime) -> str:
        self.ids += 1
        return uuid7(moment, self.ids)
