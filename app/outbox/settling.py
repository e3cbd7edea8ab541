"""Takes the rows of handled events out of the outbox, while Convoy's list is read.

    pages of the list    ├──────┼──────┼──────┤
    deletes of 25 rows          ├┼┼┼┤  ├┼┼┼┤  ├┼┼┼┤

An event that Convoy handled stays handled. What a page shows holds for the rest of the pass, and
for rows that are read later: the same page is not asked for again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.domain.ports import StoreError
from app.outbox import horizon
from app.outbox.event_list import is_handled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from app.outbox.event_list import Shown
    from app.outbox.relay_attempts import RelayOutbox
    from app.outbox.relay_run import Run
    from app.outbox.rows import Row
    from app.outbox.tasks import Tasks

log = logging.getLogger(__name__)

REMEMBERED = 100_000
"""Keys of handled events whose rows may be read later, in 10 MB; others are looked up again."""


@dataclass(slots=True)
class Settling:
    """The rows of one batch after the other. A call deletes at most `deletes` rows.

    `arrivals`: due rows of the next batch, which were read since the last call.
    """

    outbox: RelayOutbox
    run: Run
    tasks: Tasks
    deletes: int
    arrivals: Callable[[], Iterable[Row]]
    _rows: dict[str, Row] = field(default_factory=dict, init=False)
    _next: dict[str, Row] = field(default_factory=dict, init=False)
    _done: set[str] = field(default_factory=set, init=False)
    """Keys of the next batch whose rows were removed before it."""
    _handled: list[Row] = field(default_factory=list, init=False)
    _known: set[str] = field(default_factory=set, init=False)

    def begin(self, rows: Sequence[Row]) -> list[Row]:
        """The rows of a batch of which no page showed that their events are handled."""
        self._rows = self._unknown(row for row in rows if row.key not in self._done)
        self._next, self._done = {}, set()
        self._remove_all_but_the_last()
        return self.left()

    def see(self, page: Sequence[Shown]) -> None:
        """Entries of Convoy's list."""
        self.run.advance_horizon(horizon.latest_acceptance(page))
        arrived = {row.key: row for row in self.arrivals()}
        self._next |= (unknown := self._unknown(arrived.values()))
        self._done |= arrived.keys() - unknown.keys()
        for entry in page:
            if not is_handled(entry):
                continue
            if row := self._rows.pop(entry.key, None):
                self._handled.append(row)
            elif row := self._next.pop(entry.key, None):
                self._handled.append(row)
                self._done.add(entry.key)
            elif len(self._known) < REMEMBERED:
                self._known.add(entry.key)
        self._remove_all_but_the_last()

    def left(self) -> list[Row]:
        """The rows of the batch that no page showed as handled so far."""
        return [*self._rows.values()]

    def end(self, handled: Sequence[Row] = ()) -> None:
        """Remove these rows too, and wait until all removals have ended."""
        self._handled += handled
        self._remove_all_but_the_last()
        if self._handled:
            self._submit(self._handled)
            self._handled = []
        self.tasks.rows_done()

    def _unknown(self, rows: Iterable[Row]) -> dict[str, Row]:
        """The rows by key, without those that an earlier page showed as handled."""
        unknown: dict[str, Row] = {}
        for row in rows:
            if row.key in self._known:
                self._known.discard(row.key)
                self._handled.append(row)
            else:
                unknown[row.key] = row
        return unknown

    def _remove_all_but_the_last(self) -> None:
        """In calls with as many rows as possible: the rest waits for further rows."""
        while len(self._handled) >= self.deletes:
            self._submit(self._handled[: self.deletes])
            del self._handled[: self.deletes]

    def _submit(self, rows: Sequence[Row]) -> None:
        self.tasks.add(rows, self._remove, rows)

    def _remove(self, rows: Sequence[Row]) -> bool:
        if self.run.time_left() < self.run.reserve_s / 2:
            return self._leave(rows)
        try:
            self.outbox.remove([row.event.id for row in rows])
        except StoreError as error:
            # Their events are handled: the next pass finds them handled again.
            log.warning("%d settled rows were not removed: %s", len(rows), error)
            return self._leave(rows)
        self.run.count_settled(len(rows))
        return True

    def _leave(self, rows: Sequence[Row]) -> bool:
        for row in rows:
            self.run.count_pending(row)
        return False
