"""The outbox in memory: rows that change only if no other process has changed them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from app.outbox.rows import FAILED, WAITING, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from app.outbox.rows import Segment, UnreadableRow


@dataclass
class FakeOutbox:
    """`page`: rows on a page. `error`: each write raises it."""

    rows: dict[str, Row] = field(default_factory=dict)
    page: int = 1000
    error: Exception | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def pages(
        self,
        unreadable: Callable[[UnreadableRow], object],
        segment: Segment,
        after: str | None,
    ) -> Iterator[list[Row]]:
        rows = [row for row in self.rows.values() if after is None or row.event.id > after]
        rows.sort(key=lambda row: row.event.id)
        for start in range(0, max(len(rows), 1), self.page):
            yield rows[start : start + self.page]

    def remove(self, event_ids: Sequence[str]) -> None:
        self._fail()
        for event_id in event_ids:
            self.rows.pop(event_id, None)

    def postpone(
        self, row: Row, *, now: datetime, due_at: datetime, reason: str, refused: bool
    ) -> bool:
        refusals = row.refusals + refused
        tried = replace(row, attempts=row.attempts + 1, refusals=refusals, tried_at=now)
        return self._replace(row, replace(tried, due_at=due_at, reason=reason))

    def park(self, row: Row, *, now: datetime, reason: str) -> bool:
        tried = replace(row, attempts=row.attempts + 1, refusals=row.refusals + 1, tried_at=now)
        return self._replace(row, replace(tried, state=FAILED, reason=reason))

    def redrive(self, row: Row, *, now: datetime) -> bool:
        return self._replace(row, replace(row, state=WAITING, due_at=now, refusals=0))

    def _replace(self, seen: Row, row: Row) -> bool:
        self._fail()
        with self.lock:
            known = self.rows.get(row.event.id)
            if known is None or (known.attempts, known.state) != (seen.attempts, seen.state):
                return False
            self.rows[row.event.id] = row
            return True

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error
