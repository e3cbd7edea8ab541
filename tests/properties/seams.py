"""What the API and the relay are made of, each call a step at which something can come between."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar

from app.ports import KEY_LIFE
from tests.support import TodoChange, make_outbox, make_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.publisher import ConvoyPublisher
    from app.events import Event
    from app.outbox.outcomes import Outcome
    from app.outbox.rows import Row, Segment, UnreadableRow
    from app.ports import Claim, Snapshot
    from app.todos import Todo

    Moment = tuple[Literal["before", "after"], str]

T = TypeVar("T")


class Crash(BaseException):
    """The process is gone: nothing after this step runs, not even an error handler."""


class Seams:
    """Store, publisher and outbox in one; it notes what was committed, for which key, and acked."""

    def __init__(self, client: DynamoDBClient, publisher: ConvoyPublisher) -> None:
        self.committed: list[Event] = []
        self.acked: set[str] = set()
        self.keys: dict[tuple[str, str], tuple[str, datetime]] = {}
        """Of each key the event of its change, and until when it stands for that."""
        self._store = make_store(client)
        self._table = make_outbox(client)
        self._publisher = publisher
        self.came = 0
        """How often the moment came that was to be interrupted."""
        self._moment: Moment | None = None
        self._act: Callable[[], object] = self.crash
        self._crashed = False

    @contextmanager
    def interrupted(self, moment: Moment | None, act: Callable[[], object]) -> Iterator[None]:
        """When the moment comes first, `act` comes between, and is not interrupted itself."""
        self._moment, self._act = moment, act
        try:
            yield
        finally:
            self._moment, self._crashed = None, False

    def crash(self) -> NoReturn:
        self._crashed = True
        raise Crash

    def _step(self, name: str, call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        self._pass(("before", name))
        result = call(*args, **kwargs)
        self._pass(("after", name))
        return result

    def _pass(self, moment: Moment) -> None:
        if self._crashed:
            raise Crash
        if moment == self._moment:
            self._moment = None
            self.came += 1
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

    def ack(self, event_id: str) -> None:
        self._step("ack", self._ack, event_id)

    def _ack(self, event_id: str) -> None:
        self._table.ack(event_id)
        self.acked.add(event_id)

    def pages(
        self, unreadable: Callable[[UnreadableRow], object], segment: Segment, after: str | None
    ) -> Iterable[list[Row]]:
        return self._table.pages(unreadable, segment, after)

    def postpone(self, row: Row, **how: Any) -> bool:
        return self._step("postpone", self._table.postpone, row, **how)

    def park(self, row: Row, *, reason: str) -> bool:
        return self._step("park", self._table.park, row, reason=reason)
