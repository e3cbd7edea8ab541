"""All that a relay deals with: rows, a Convoy and a clock that the tests hold."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from app import todos
from app.outbox.outcomes import Accepted
from app.outbox.relay import Relay
from app.todos import Todo
from tests.support import GRACE, NOW, TodoStore

if TYPE_CHECKING:
    from datetime import datetime

    from app.dynamodb.outbox_table import OutboxTable
    from app.events import Event
    from app.outbox.outcomes import Outcome
    from app.outbox.rows import Row

DUE = NOW + GRACE


class World:
    """An outbox on moto, a relay over it, and a Convoy that answers as told, event by event."""

    def __init__(self, store: TodoStore, table: OutboxTable) -> None:
        self.table = table
        self.now = DUE
        self.answers: dict[str, Outcome] = {}
        self.answer: Outcome = Accepted()
        self.published: Counter[str] = Counter()
        self._store = store

    def leave(self, *event_ids: str, at: datetime = NOW) -> None:
        for event_id in event_ids:
            todo = Todo("ann", int(event_id[1:]), "x")
            self._store.commit(todos.create(todo, now=at, event_id=event_id))

    def publish(self, event: Event) -> Outcome:
        self.published[event.id] += 1
        return self.answers.get(event.id, self.answer)

    def relay(self, workers: int = 1, jitter: float = 1.0) -> Relay:
        return Relay(self, self.table, lambda: self.now, lambda: jitter, workers)

    def row(self, event_id: str) -> Row:
        row = self.table.get(event_id)
        assert row is not None
        return row
