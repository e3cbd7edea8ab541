"""The relay's attempts for one event, and what it records of them in the event's row.

A failed attempt counts against the event if Convoy refused the event, or if other events got
through meanwhile. After too many that count, the event is parked. A failure in an outage does not
count, however long the outage lasts.
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from app.domain.ports import StoreError
from app.outbox import horizon
from app.outbox.backoff import MAX_RETRY_AFTER_S, after_acceptance, after_failure
from app.outbox.event_list import NotAnswered
from app.outbox.outcomes import Accepted, Misconfigured, Refused, Unavailable

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
"""Replays, or checks, without effect before an event is published under another key. With their
pauses they take at least five minutes: Convoy's own next try, if there is one, comes earlier."""


class RelayOutbox(Protocol):
    """The relay's calls to the outbox. Each raises StoreError if it could not be made.

    `postpone` and `park` return False if another process has changed the row since it was read.
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

    Threads share one instance. It remembers until when Convoy asked for a pause.
    """

    publisher: Publisher
    events: EventList
    outbox: RelayOutbox
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    settle_after: timedelta
    _quiet_until: datetime | None = field(default=None, init=False)
    _asking: threading.Lock = field(default_factory=threading.Lock, init=False)

    def begin(self, run: Run) -> None:
        """Ask how far Convoy has come. Stops the run if Convoy asked for a pause, or is down."""
        if run.begun or not run.may_go_on():
            return
        run.begun = True
        if self._quiet_until and self._quiet_until > self.clock():
            run.stop(f"Convoy asked for a pause until {self._quiet_until:%H:%M:%S} UTC")
            return
        self.ask_whether_convoy_is_up(run)

    def publish(self, row: Row, run: Run) -> bool:
        """Publish an event that Convoy does not show, under its key. True: Convoy accepted it."""
        if row.refusals >= MAX_REFUSALS:
            self._park(row, f"accepted by Convoy, and not shown, in {row.attempts} attempts", run)
            return False
        with run.turns:
            if not run.may_go_on():
                run.count_pending(row)
                return False
            outcome = self.publisher.publish(replace(row.event, id=row.key))
            if isinstance(outcome, Accepted):
                run.count_published()
            else:
                self.learn(outcome, run)
        self._write(replace(row, replays=0), outcome, run)
        return isinstance(outcome, Accepted)

    def replay(self, row: Row, stuck: Stuck, run: Run) -> None:
        """Make Convoy process an event that is stuck there.

        If a replay has no effect, publish the event under another key: Convoy drops the first key.
        """
        if stuck.replay_ignored and row.replays >= REPLAYS:
            return self._publish_under_another_key(row, stuck.reason, run)
        if row.refusals >= MAX_REFUSALS:
            return self._park(row, f"replayed {row.replays} times: {stuck.reason}", run)
        with run.turns:
            if not run.may_go_on():
                return run.count_pending(row)
            try:
                self.events.replay(stuck.uid)
                run.count_replayed()
            except NotAnswered as error:
                self.learn(error.outcome, run)
                return self._write(row, error.outcome, run)
        return self._wait(replace(row, replays=row.replays + 1), stuck.reason, run)

    def wait_for_original(self, row: Row, run: Run) -> None:
        """Convoy lists only duplicates, and drops every event that comes under the row's key."""
        reason = "Convoy lists only duplicates of it"
        if row.replays >= REPLAYS:
            return self._publish_under_another_key(row, reason, run)
        return self._wait(replace(row, replays=row.replays + 1), reason, run)

    def _publish_under_another_key(self, row: Row, reason: str, run: Run) -> None:
        log.warning("new key for %s: %s", row.event.id, reason, extra=_about(row))
        self.publish(replace(row, burnt=row.burnt + 1), run)

    def learn(self, outcome: Unavailable | Misconfigured | Refused, run: Run) -> None:
        """Find out, before the next calls, whether a failure means that Convoy is down."""
        if isinstance(outcome, Unavailable) and outcome.retry_after_s and run.count_limited():
            run.stop(f"Convoy asked for {outcome.retry_after_s} s: {outcome.reason}")
        elif run.count_failure():
            with self._asking:
                # Another thread may have asked meanwhile.
                if run.suspects_an_outage and not run.stopped:
                    self.ask_whether_convoy_is_up(run)

    def end(self, run: Run, outcome: Unavailable | Misconfigured | Refused) -> None:
        """Stop the run: Convoy answers no request."""
        match outcome:
            case Unavailable(reason, after) if after:
                run.stop(f"Convoy asked for {after} s: {reason}")
                pause = timedelta(seconds=min(after, MAX_RETRY_AFTER_S))
                self._quiet_until = self.clock() + pause
            case Misconfigured(reason):
                run.stop(f"misconfigured: {reason}")
            case _:
                run.stop(f"Convoy is down: {outcome.reason}")

    def ask_whether_convoy_is_up(self, run: Run) -> None:
        """Stop the run if Convoy does not answer the simplest request."""
        try:
            run.advance_horizon(horizon.latest_acceptance(self.events.newest()))
            run.count_answer()
        except NotAnswered as error:
            self.end(run, error.outcome)

    def _write(self, row: Row, outcome: Outcome, run: Run) -> None:
        if isinstance(outcome, Accepted):
            return self._wait(row, "", run)
        unavailable = outcome if isinstance(outcome, Unavailable) else None
        after = unavailable.retry_after_s if unavailable else None
        row = replace(row, maybe_accepted=bool(unavailable and unavailable.in_doubt))
        log.warning("attempt for %s failed: %s", row.event.id, outcome.reason, extra=_about(row))
        counts = isinstance(outcome, Refused) or run.others_got_through(row)
        if unavailable and unavailable.limited:
            counts = False  # a rate limit is not the event's fault, however often it meets one
        if counts and row.refusals + 1 >= MAX_REFUSALS:
            return self._park(row, outcome.reason, run)
        pause = after_failure(row.attempts, self.jitter(), after)
        return self._postpone(row, pause, outcome.reason, run, refused=counts)

    def _wait(self, row: Row, reason: str, run: Run) -> None:
        """Convoy accepted the attempt. It counts if the attempt before it had no effect."""
        # A row that was just refused, or that no relay tried, is accepted for the first time.
        before = row.attempts if row.tried_at and row.maybe_accepted else 0
        counts = before > 0 and run.has_passed(row)
        pause = after_acceptance(before, self.settle_after)
        row = replace(row, maybe_accepted=True)
        self._postpone(row, pause, reason, run, refused=counts)

    def _postpone(
        self, row: Row, pause: timedelta, reason: str, run: Run, *, refused: bool
    ) -> None:
        now = self.clock()
        with _left_unchanged(row, run):
            if self.outbox.postpone(
                row, now=now, due_at=now + pause, reason=reason, refused=refused
            ):
                run.count_pending(row)

    def _park(self, row: Row, reason: str, run: Run) -> None:
        with _left_unchanged(row, run):
            if self.outbox.park(row, now=self.clock(), reason=reason):
                run.count_failed()


@contextmanager
def _left_unchanged(row: Row, run: Run) -> Iterator[None]:
    """A row that can't be written: the next pass looks it up, and tries it under the same key."""
    try:
        yield
    except StoreError as error:
        run.count_pending(row)
        log.warning("left %s unchanged: %s", row.event.id, error, extra=_about(row))


def _about(row: Row) -> dict[str, str]:
    return {"event_id": row.event.id}
