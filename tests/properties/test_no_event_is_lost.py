"""Any order of changes, crashes, outages and relays: what was committed is what the receiver holds.

Two owners, real store (moto), real publisher (the stand-in over HTTP), a held clock. A crash is a
process that stops between two steps, and leaves all as it is.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from app.outbox import OutboxDelivery
from app.relay import Relay
from app.service import KEY_LIFE, KeyReused
from app.todos import TodoError
from infra.local.tables import create_tables
from tests.support import NOW, TABLES, make_outbox, make_publisher, make_service, make_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import pytest
    from mypy_boto3_dynamodb import DynamoDBClient

    from app.events import Event
    from app.publisher import Outcome
    from app.service import Claim, Committed
    from app.todos import Change
    from tests.support import Convoy

    CrashAt = tuple[str, str] | None

OWNERS = st.sampled_from(["ann", "bob"])
IDS = st.integers(1, 3)
ITEMS = st.text(min_size=1, max_size=5)
KEYS = st.none() | st.sampled_from(["k1", "k2"])
CRASHES = st.sampled_from(
    [None] * 6
    + [(when, step) for when in ("before", "after") for step in ("commit", "publish", "ack")]
)


class Crash(BaseException):
    """The process is gone: nothing after this step runs, not even an error handler."""


class Crashing:
    """Stops at a step, if told to, just before it is done or just after."""

    def __init__(self) -> None:
        self.at: CrashAt = None

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        if self.at == ("before", name):
            raise Crash
        yield
        if self.at == ("after", name):
            raise Crash


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
        self.crashing = Crashing()
        self.committed: list[Event] = []
        self.keys: dict[tuple[str, str], tuple[str, datetime]] = {}
        self.publisher = make_publisher(self.convoy.api)
        self.table = make_outbox(self.dynamodb)
        self.store = make_store(self.dynamodb)
        self.service = make_service(
            self.dynamodb,
            self.publisher,
            store=self,
            delivery=OutboxDelivery(self, self),
            clock=lambda: self.now,
            new_event_id=self._new_id,
        )

    # The seams, each a step that a process can be stopped at.

    def get(self, owner: str, todo_id: int) -> Any:
        return self.store.get(owner, todo_id)

    def record(self, claim: Claim) -> Any:
        return self.store.record(claim)

    def is_waiting(self, event_id: str) -> bool:
        return self.store.is_waiting(event_id)

    def commit(self, change: Change, claim: Claim | None = None) -> None:
        with self.crashing.step("commit"):
            self.store.commit(change, claim)
            self.committed.append(change.event)

    def publish(self, event: Event) -> Outcome:
        with self.crashing.step("publish"):
            return self.publisher.publish(event)
        raise AssertionError("not reached")

    def ack(self, event_id: str) -> None:
        with self.crashing.step("ack"):
            self.table.ack(event_id)

    def pages(self, unreadable: Any) -> Any:
        return self.table.pages(unreadable)

    def postpone(self, *args: Any, **kwargs: Any) -> bool:
        return self.table.postpone(*args, **kwargs)

    def park(self, *args: Any, **kwargs: Any) -> bool:
        return self.table.park(*args, **kwargs)

    # What can happen.

    @rule(owner=OWNERS, todo_id=IDS, item=ITEMS, key=KEYS, crash=CRASHES)
    def create(self, owner: str, todo_id: int, item: str, key: str | None, crash: CrashAt) -> None:
        with self._request(crash):
            done = self.service.create(owner, todo_id, item, completed=False, key=key)
            self._one_event_a_key(owner, key, done)

    @rule(owner=OWNERS, todo_id=IDS, item=ITEMS, key=KEYS, crash=CRASHES)
    def update(self, owner: str, todo_id: int, item: str, key: str | None, crash: CrashAt) -> None:
        with self._request(crash):
            done = self.service.update(owner, todo_id, item=item, completed=None, key=key)
            self._one_event_a_key(owner, key, done)

    @rule(owner=OWNERS, todo_id=IDS, key=KEYS, crash=CRASHES)
    def delete(self, owner: str, todo_id: int, key: str | None, crash: CrashAt) -> None:
        with self._request(crash):
            self._one_event_a_key(owner, key, self.service.delete(owner, todo_id, key=key))

    @rule(crash=CRASHES)
    def relay(self, crash: CrashAt) -> None:
        with self._request(crash):
            Relay(self, self, lambda: self.now, lambda: 1.0, workers=1).run()

    @rule()
    def two_hours_of_relays(self) -> None:
        for _ in range(8):
            self.now += timedelta(seconds=1000)
            Relay(self, self, lambda: self.now, lambda: 1.0, workers=1).run()

    @rule(fault=st.sampled_from([{"status": 503}, {"status": 400}, {"reset": True}]))
    def convoy_goes_down(self, fault: dict[str, Any]) -> None:
        self.convoy.fail(**fault)

    @rule()
    def convoy_comes_up(self) -> None:
        self.convoy.recover()

    @rule(seconds=st.sampled_from([1, 61, 1000]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    # What must hold.

    @invariant()
    def each_committed_change_waits_or_has_arrived(self) -> None:
        waiting = {row.event.id for page in self.table.pages() for row in page}
        missing = {event.id for event in self.committed} - waiting - set(self._arrived())
        assert missing == set()

    @invariant()
    def nothing_waits_that_was_not_committed(self) -> None:
        waiting = {row.event.id for page in self.table.pages() for row in page}
        assert waiting <= {event.id for event in self.committed}

    @invariant()
    def versions_have_no_gaps(self) -> None:
        histories: dict[tuple[str, int], list[tuple[str, int]]] = defaultdict(list)
        for event in self.committed:
            todo: Any = event.data["todo"]
            histories[event.owner, todo["id"]].append((event.type, todo["version"]))
        for history in histories.values():
            expected = 0
            for kind, version in history:
                expected = expected if kind == "deleted" else expected + 1
                assert version == expected
                expected = 0 if kind == "deleted" else expected

    def teardown(self) -> None:
        """Recovery: Convoy is up, and the relay runs until nothing is left."""
        try:
            self.convoy.recover()
            self.crashing.at = None
            for _ in range(20):
                self.now += timedelta(seconds=1000)
                rows = [row for page in self.table.pages() for row in page]
                for row in rows:
                    self.table.redrive(row, now=self.now)
                report = Relay(self, self, lambda: self.now, lambda: 1.0, workers=1).run()
            assert (report.pending, report.failed) == (0, 0)
            arrived = self._arrived()
            for event in self.committed:
                assert arrived[event.id] == (event.owner, event.data)
            told = {key for key, (_, data) in arrived.items() if data["event"] != "todo.failure"}
            assert told == {event.id for event in self.committed}
            assert len(self.committed) == len({event.id for event in self.committed})
        finally:
            self.publisher.close()
            for table in TABLES.values():
                self.dynamodb.delete_table(TableName=table)

    @contextmanager
    def _request(self, crash: CrashAt) -> Iterator[None]:
        self.crashing.at = crash
        try:
            yield
        except (Crash, TodoError, KeyReused):
            pass
        finally:
            self.crashing.at = None

    def _one_event_a_key(self, owner: str, key: str | None, done: Committed) -> None:
        if key is None:
            return
        event_id, until = self.keys.get((owner, key), (done.event_id, self.now + KEY_LIFE))
        if self.now < until:
            assert done.event_id == event_id
        self.keys[owner, key] = (done.event_id, until if self.now < until else self.now + KEY_LIFE)

    def _new_id(self) -> str:
        self.ids += 1
        return f"event-{self.ids}"

    def _arrived(self) -> dict[str, tuple[str, Any]]:
        """What a receiver that drops repeats of a key holds."""
        arrived: dict[str, tuple[str, Any]] = {}
        for event in self.convoy.events():
            arrived.setdefault(event["idempotency_key"], (event["owner_id"], event["data"]))
        return arrived


def test_whatever_happens_what_was_committed_is_what_the_receiver_holds(
    moto: DynamoDBClient, convoy: Convoy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(World, "dynamodb", moto, raising=False)
    monkeypatch.setattr(World, "convoy", convoy, raising=False)
    run_state_machine_as_test(
        World,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
