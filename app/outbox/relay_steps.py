"""The next step for one event that no page of Convoy's list shows as handled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from app.outbox.event_list import Burnt, Handled, Missing, NotAnswered, Stuck, finding

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from app.outbox.event_list import EventList, Shown
    from app.outbox.relay_attempts import Attempts
    from app.outbox.relay_run import Run
    from app.outbox.rows import Row

LONG_BEFORE = timedelta(hours=1)
"""How long before an event's own time Convoy is searched for it: clocks differ."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Threads share one instance. `most`: probes of a pass, and of one owner."""

    attempts: Attempts
    events: EventList
    clock: Callable[[], datetime]
    stuck_after: timedelta
    most: int
    run: Run

    def take(
        self,
        row: Row,
        entries: Sequence[Shown] | None,
        on_acceptance: Callable[[], None] = lambda: None,
    ) -> bool:
        """Whether Convoy handled the event. If not, take the next step for the event.

        `entries`: Convoy's, under the row's key; None if they are not known.
        """
        if entries is None:
            entries = self._ask_for(row)
        if entries is None:
            self.run.count_pending(row)
            return False
        found = finding(entries, self.clock(), self.stuck_after)
        match found:
            case Handled():
                return True
            case Missing():
                if self.attempts.publish(row, self.run):
                    on_acceptance()
            case Stuck():
                self.attempts.replay(row, found, self.run)
            case Burnt():
                self.attempts.wait_for_original(row, self.run)
            case _:
                self.run.count_pending(row)
        return False

    def probe(self, row: Row) -> bool:
        """As `take`, for a row that Convoy may not show yet; only for a few such rows."""
        run = self.run
        if run.probed >= self.most or run.unshown[row.event.owner] >= self.most:
            run.count_pending(row)
            return False
        return self.take(row, None, run.count_probe)

    def _ask_for(self, row: Row) -> Sequence[Shown] | None:
        """None: Convoy did not answer, or time is up."""
        with self.run.turns:
            if not self.run.may_go_on():
                return None
            try:
                return self.events.under(row.key, row.event.occurred_at - LONG_BEFORE)
            except NotAnswered as error:
                self.attempts.learn(error.outcome, self.run)
                return None
