"""Deals with the rows of a pass, batch by batch: looks them up, settles, publishes and replays."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.outbox import horizon
from app.outbox.event_list import NotAnswered
from app.outbox.look_up import look_up
from app.outbox.tasks import Tasks, interleaved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.outbox.look_up import Sightings
    from app.outbox.relay_run import Run
    from app.outbox.relay_steps import Steps
    from app.outbox.rows import Row
    from app.outbox.settling import Settling

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Batches:
    """The batches of one pass."""

    steps: Steps
    settling: Settling
    tasks: Tasks
    run: Run
    _unclear: list[Row] = field(default_factory=list, init=False)

    def deal_with(self, due: Sequence[Row]) -> None:
        """Remove handled rows. For each other row, do what its finding requires.

        A row that Convoy may not show yet waits for `probe`.
        """
        seen = self._look_up(self.settling.begin(due))
        if seen is None:
            for row in self.settling.left():
                self.run.count_pending(row)
        else:
            self._take_steps(seen)
        self.settling.end(self.tasks.rows_done())

    def probe(self) -> None:
        """Publish a few of the rows that wait.

        By now the pass has seen whose events Convoy still has to show: such an owner gets no probe.
        """
        unclear = sorted(self._unclear, key=lambda row: row.published_at, reverse=True)
        self._unclear.clear()
        for row in interleaved(unclear):
            self.tasks.add([row], self.steps.probe, row)
        self.settling.end(self.tasks.rows_done())

    def _look_up(self, rows: Sequence[Row]) -> Sightings | None:
        """What Convoy shows of the rows. None: time is up, or Convoy does not answer."""
        if not rows or not self.run.may_go_on():
            return None
        try:
            return look_up(rows, self.steps.events, self.run.may_go_on, self.settling.see)
        except NotAnswered as error:
            # A page may be too long for its deadline: then each row is looked up by its key.
            log.warning("Convoy's list was not read: %s", error)
            self.steps.attempts.ask_whether_convoy_is_up(self.run)
            return {} if self.run.may_go_on() else None

    def _take_steps(self, seen: Sightings) -> None:
        clear: list[Row] = []
        for row in self.settling.left():
            known = row.key in seen or horizon.would_be_shown(row, self.run.horizon)
            (clear if known else self._unclear).append(row)
        for row in interleaved(clear):
            self.tasks.add([row], self.steps.take, row, seen.get(row.key))
