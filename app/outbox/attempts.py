"""What the relay does about one event, and what is written of it into the event's row.

An attempt that fails counts against the event where the fault is the event's own: Convoy refused
it, or other events got through meanwhile. What counts too often is parked. An attempt that fails in
an outage does not count, however long the outage takes.
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from app.outbox import horizon
from app.outbox.backoff import MAX_RETRY_AFTER_S, after_acceptance, after_failure
from app.outbox.event_list import NotAnswered
from app.outbox.outcomes import Accepted, Misconfigured, Refused, Unavailable
from app.ports import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from app.outbox.event_list import EventList, Stuck
    from app.outbox.outcomes import Outcome, Publisher
    from app.outbox.relay_run import Run
    from app.outbox.rows import Row, Segment, UnreadableRow

log = logging.getLogger(__name__)

MAX_REFUSALS = 30
"""Attempts that count before a row is parked: with the pauses between them, over three hours.
Convoy answers 400 to some of its own outages (docs/guarantees.md)."""

REPLAYS = 2
"""Attempts before an event that no replay helps is published under another key. With their pauses
that is several minutes: Convoy's own next try, if it has one, comes before."""


class Outbox(Protocol):
    """The table, as the relay sees it. Each call raises StoreError when it could not be made.

    `postpone` and `park` return False if somebody else has changed the row since it was read.
    """

    def remove(self, event_ids: Sequence[str]) -> None: ...
    def pages(
        self, unreadable: Callable[[UnreadableRow], object], segment: Segment, after: str | None
    ) -> Iterable[list[Row]]: ...
    def postpone(
        self, row: Row, *, now: datetime, due_at: datetime, reason: str, refused: bool
    ) -> bool: ...
    def park(self, row: Row, *, now: datetime, reason: str) -> bool: ...


@dataclass(slots=True)
class Attempts:
    """`jitter` gives a number from 0 to 1. `settle_after`: how long Convoy has to show an event.

    Threads share one. It keeps, for as long as it lives, until when Convoy asked for a pause.
    """

    publisher: Publisher
    events: EventList
    outbox: Outbox
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    settle_after: timedelta
    _quiet_until: datetime | None = field(default=None, init=False)
    _asking: threading.Lock = field(default_factory=threading.Lock, init=False)

    def begin(self, run: Run) -> None:
        """Ask how far Convoy has come. Stops the run if Convoy asked for a pause, or is down."""
        if run.horizon:
            return
        if self._quiet_until and self._quiet_until > self.clock():
            run.stop(f"Convoy asked for a pause until {self._quiet_until:%H:%M:%S} UTC")
            return
        try:
            run.see(horizon.reached(self.events.newest()))
        except NotAnswered as error:
            self.end(run, error.outcome)

    def publish(self, row: Row, run: Run) -> bool:
        """Publish what Convoy does not show, under the same key. True: Convoy accepted it."""
        if row.refusals >= MAX_REFUSALS:
            self._park(row, f"accepted {row.attempts} times, and never shown", run)
            return False
        with run.turns:
            if not run.may_go_on():
                run.leave(row)
                return False
            outcome = self.publisher.publish(replace(row.event, id=row.key))
            if isinstance(outcome, Accepted):
                run.count_published()
            else:
                self.learn(outcome, run)
        self._write(row, outcome, run)
        return isinstance(outcome, Accepted)

    def replay(self, row: Row, stuck: Stuck, run: Run) -> None:
        """Have Convoy process an event that it has and does not go on with.

        If Convoy can't, publish the event under another key: Convoy drops it under the first.
        """
        if stuck.in_vain and row.attempts >= REPLAYS:
            log.warning("%s is %s: new key", row.event.id, stuck.reason, extra=_about(row))
            self.publish(replace(row, burnt=row.burnt + 1), run)
            return None
        if row.refusals >= MAX_REFUSALS:
            return self._park(row, f"replayed {row.attempts} times: {stuck.reason}", run)
        outcome: Outcome = Accepted()
        with run.turns:
            if not run.may_go_on():
                return run.leave(row)
            try:
                self.events.replay(stuck.uid)
                run.count_replayed()
            except NotAnswered as error:
                outcome = error.outcome
                self.learn(outcome, run)
        return self._write(row, outcome, run)

    def give_in(self, row: Row, run: Run) -> None:
        """Nothing can be tried: Convoy drops whatever comes under the row's key."""
        self._write(row, Refused("Convoy lists duplicates of it alone, and delivers none"), run)

    def learn(self, outcome: Unavailable | Misconfigured | Refused, run: Run) -> None:
        """What a failure says about Convoy, before others have their turn."""
        if isinstance(outcome, Unavailable) and outcome.retry_after_s and run.count_limited():
            self.end(run, outcome)
        elif run.count_failure():
            self._ask_whether_it_is_up(run)

    def end(self, run: Run, outcome: Unavailable | Misconfigured | Refused) -> None:
        """Stop the run: it is Convoy that does not answer, whatever it is asked."""
        match outcome:
            case Unavailable(reason, after) if after:
                run.stop(f"Convoy asked for {after} s: {reason}")
                pause = timedelta(seconds=min(after, MAX_RETRY_AFTER_S))
                self._quiet_until = self.clock() + pause
            case Misconfigured(reason):
                run.stop(f"misconfigured: {reason}")
            case _:
                run.stop(f"Convoy is down: {outcome.reason}")

    def _ask_whether_it_is_up(self, run: Run) -> None:
        with self._asking:
            if run.stopped or not run.suspects_an_outage:
                return  # another thread has asked meanwhile
            try:
                run.see(horizon.reached(self.events.newest()))
                run.count_answer()
            except NotAnswered as error:
                self.end(run, error.outcome)

    def _write(self, row: Row, outcome: Outcome, run: Run) -> None:
        counts = isinstance(outcome, Refused) or run.others_got_through(row)
        if isinstance(outcome, Accepted):
            # The first acceptance is no repetition: its request may not have tried.
            counts = counts and row.attempts > 0
            pause = after_acceptance(row.attempts, self.settle_after)
            return self._postpone(row, pause, "", run, refused=counts)
        after = outcome.retry_after_s if isinstance(outcome, Unavailable) else None
        log.warning("attempt for %s failed: %s", row.event.id, outcome.reason, extra=_about(row))
        # A rate limit is nobody's fault: an event can meet it again and again.
        counts = counts and after is None
        if counts and row.refusals + 1 >= MAX_REFUSALS:
            return self._park(row, outcome.reason, run)
        pause = after_failure(row.attempts, self.jitter(), after)
        return self._postpone(row, pause, outcome.reason, run, refused=counts)

    def _postpone(
        self, row: Row, pause: timedelta, reason: str, run: Run, *, refused: bool
    ) -> None:
        now = self.clock()
        with _left_as_it_was(row, run):
            if self.outbox.postpone(
                row, now=now, due_at=now + pause, reason=reason, refused=refused
            ):
                run.leave(row)

    def _park(self, row: Row, reason: str, run: Run) -> None:
        with _left_as_it_was(row, run):
            if self.outbox.park(row, now=self.clock(), reason=reason):
                run.count_failed()


@contextmanager
def _left_as_it_was(row: Row, run: Run) -> Iterator[None]:
    """A row that can't be written is looked up again, and tried again under the same key."""
    try:
        yield
    except StoreError as error:
        run.leave(row)
        log.warning("left %s as it was: %s", row.event.id, error, extra=_about(row))


def _about(row: Row) -> dict[str, str]:
    return {"event_id": row.event.id}
