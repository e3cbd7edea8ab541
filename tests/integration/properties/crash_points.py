"""The parts of the API and the relay, with a point before and after each call for a crash."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar

from app.convoy.deliveries import ConvoyDeliveries
from app.convoy.event_list import ConvoyEvents
from app.domain.idempotency import KEY_LIFE
from app.outbox.relay import Relay
from app.outbox.relay_attempts import Attempts
from tests.support import GRACE, TodoChange
from tests.tables import make_outbox, make_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.publisher import ConvoyPublisher
    from app.convoy.questions import Questions
    from app.domain.events import Event
    from app.domain.idempotency import Claim
    from app.domain.ports import Snapshot
    from app.outbox.deliveries import Hung, Undelivered
    from app.outbox.event_list import Shown
    from app.outbox.outcomes import Outcome
    from app.outbox.rows import Row, Segment, UnreadableRow
    from tests.todo import Todo

    Moment = tuple[Literal["before", "after"], str]

T = TypeVar("T")


class Crash(BaseException):
    """The process has crashed: nothing after this step runs, not even an error handler."""


class CrashPoints:
    """Store, publisher, outbox and Convoy's lists in one object, interrupted at a chosen point.

    It records committed events, their idempotency keys, and the rows removed from the outbox.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        publisher: ConvoyPublisher,
        questions: Questions,
        clock: Callable[[], datetime],
    ) -> None:
        self.committed: list[Event] = []
        self.removed: set[str] = set()
        self.keys: dict[tuple[str, str], tuple[str, datetime]] = {}
        """The event of each key's change, and the time when the key expires."""
        self._store = make_store(client)
        self._table = make_outbox(client)
        self._publisher = publisher
        self._events = ConvoyEvents(questions, clock)
        self._deliveries = ConvoyDeliveries(questions)
        self.interruptions = 0
        """How often the chosen moment was reached."""
        self._moment: Moment | None = None
        self._act: Callable[[], object] = self.crash
        self._crashed = False

    def relay(self, clock: Callable[[], datetime]) -> Relay:
        """A new relay with these parts."""
        attempts = Attempts(self, self, self, clock, lambda: 1.0, GRACE)
        return Relay(attempts, self, self, clock, reserve_s=0.0, deliveries=self, workers=1)

    @contextmanager
    def interrupted(self, moment: Moment | None, act: Callable[[], object]) -> Iterator[None]:
        """At the first such moment, call `act`, which is not interrupted itself."""
        self._moment, self._act = moment, act
        try:
            yield
        finally:
            self._moment, self._crashed = None, False

    def crash(self) -> NoReturn:
        self._crashed = True
        raise Crash

    def _step(self, name: str, call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        self._reach(("before", name))
        result = call(*args, **kwargs)
        self._reach(("after", name))
        return result

    def _reach(self, moment: Moment) -> None:
        if self._crashed:
            raise Crash
        if moment == self._moment:
            self._moment = None
            self.interruptions += 1
            self._act()

    def read(
        self, owner: str, todo_id: int, claim: Claim | None = None, *, freed: bool = False
    ) -> Snapshot[Todo]:
        return self._store.read(owner, todo_id, claim, freed=freed)

    def is_waiting(self, event_id: str) -> bool:
        return self._store.is_waiting(event_id)

    def commit(self, change: TodoChange, claim: Claim | None = None) -> None:
        self._step("commit", self._commit, change, claim)

    def _commit(self, change: TodoChange, claim: Claim | None) -> None:
        self._store.commit(change, claim)
        self.committed.append(change.event)
        if claim is not None:
            at = claim.owner, claim.key
            assert at not in self.keys or self.keys[at][1] <= claim.now
            self.keys[at] = change.event.id, claim.now + KEY_LIFE

    def publish(self, event: Event) -> Outcome:
        return self._step("publish", self._publisher.publish, event)

    def between(self, start: datetime, end: datetime) -> Iterator[list[Shown]]:
        return iter(self._step("between", lambda: [*self._events.between(start, end)]))

    def under(self, key: str, since: datetime) -> list[Shown]:
        return self._step("under", self._events.under, key, since)

    def newest(self) -> list[Shown]:
        return self._step("newest", self._events.newest)

    def replay(self, uid: str) -> None:
        self._step("replay", self._events.replay, uid)

    def hung(self, start: datetime, end: datetime) -> Hung | None:
        return self._deliveries.hung(start, end)

    def retry_hung(self, hung: Hung) -> bool:
        return self._step("retry_hung", self._deliveries.retry_hung, hung)

    def undelivered(self, since: datetime) -> Undelivered:
        return self._deliveries.undelivered(since)

    def remove(self, event_ids: Sequence[str]) -> None:
        self._step("remove", self._remove, event_ids)

    def _remove(self, event_ids: Sequence[str]) -> None:
        self._table.remove(event_ids)
        self.removed.update(event_ids)

    def pages(
        self, unreadable: Callable[[UnreadableRow], object], segment: Segment, after: str | None
    ) -> Iterable[list[Row]]:
        return self._table.pages(unreadable, segment, after)

    def postpone(self, row: Row, **how: Any) -> bool:
        return self._step("postpone", self._table.postpone, row, **how)

    def park(self, row: Row, **how: Any) -> bool:
        return self._step("park", self._table.park, row, **how)
