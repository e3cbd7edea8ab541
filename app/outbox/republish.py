"""Puts events back that Convoy lost after the relay settled them, for example by a restore.

    the log ──▶ Convoy shows it handled       nothing to do
            ├─▶ it has a row in the outbox    nothing to do: the relay has it
            └─▶ by key: anything else         put back; the relay publishes or replays it

A run can end at any event and be repeated: an event that was put back has a row.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from app.outbox.event_list import Burnt, Handled, Missing, NotAnswered, Stuck, finding
from app.outbox.relay import WORKERS
from app.outbox.relay_steps import LONG_BEFORE
from app.outbox.rows import event_id_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from app.domain.events import Event
    from app.outbox.event_list import EventList

log = logging.getLogger(__name__)

SLACK = timedelta(minutes=1)
"""How long before the requested moment Convoy's list is read: Convoy's clock may be behind. Events
that the list does not show are looked up by key later."""

AHEAD = timedelta(hours=1)
"""How far Convoy's clock may be ahead of ours."""


class Log(Protocol):
    """`since` raises StoreError."""

    def since(
        self,
        moment: datetime,
        *,
        now: datetime,
        owner: str | None,
        unreadable: Callable[[Exception], object],
    ) -> Iterator[list[Event]]: ...


class RepublishOutbox(Protocol):
    """Each call raises StoreError."""

    def has(self, event_id: str) -> bool: ...
    def restore(self, event: Event, *, now: datetime) -> bool: ...


class State(StrEnum):
    """The state of one event of the log."""

    HANDLED = "handled"
    WAITING = "waiting"
    UNDER_WAY = "under_way"
    MISSING = "missing"
    STUCK = "stuck"
    UNREADABLE = "unreadable"


PUT_BACK = (State.MISSING, State.STUCK, State.UNDER_WAY)
"""An event under way has no row only if somebody removed it: the relay takes it up again."""


@dataclass(slots=True)
class Republish:
    """`may_go_on` is called before each event. With `dry_run` nothing is written.

    `counts` has the results so far, also after a call raised. Every call raises NotAnswered or
    StoreError.
    """

    log: Log
    events: EventList
    outbox: RepublishOutbox
    clock: Callable[[], datetime]
    may_go_on: Callable[[], bool] = lambda: True
    dry_run: bool = False
    workers: int = WORKERS
    counts: Counter[State] = field(default_factory=Counter)
    _ended: bool = field(default=False, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    @property
    def compared(self) -> int:
        return self.counts.total()

    @property
    def put_back(self) -> int:
        return sum(self.counts[state] for state in PUT_BACK)

    def handled_since(
        self, moment: datetime, on_page: Callable[[], object] = lambda: None
    ) -> set[str]:
        """The ids of events that Convoy's list shows as handled: about 100 bytes of memory each.

        A page may be too long for its deadline: then `compare` asks for each other event.
        """
        handled: set[str] = set()
        try:
            for page in self.events.between(moment - SLACK, self.clock() + AHEAD):
                now = self.clock()
                shown = (each.key for each in page if finding([each], now) == Handled())
                handled |= {event_id_of(key) for key in shown}
                on_page()
                if not self.may_go_on():
                    break
        except NotAnswered as error:
            self.events.newest()  # raises if Convoy is down
            log.warning("the rest of Convoy's list was not read: %s", error)
        return handled

    def compare(
        self,
        moment: datetime,
        handled: set[str],
        *,
        owner: str | None = None,
        on_event: Callable[[], object] = lambda: None,
        on_unreadable: Callable[[Exception], object] = lambda _: None,
    ) -> None:
        """Put back the log's events since the moment that Convoy does not show as handled."""

        def count_unreadable(error: Exception) -> None:
            self._count(State.UNREADABLE)
            on_unreadable(error)

        pages = self.log.since(moment, now=self.clock(), owner=owner, unreadable=count_unreadable)
        with ThreadPoolExecutor(self.workers, thread_name_prefix="republish") as threads:
            for page in pages:
                self._compare_page(page, handled, on_event, threads)
                if not self._may_go_on():
                    return

    def _compare_page(
        self,
        page: Iterable[Event],
        handled: set[str],
        on_event: Callable[[], object],
        threads: ThreadPoolExecutor,
    ) -> None:
        def compare(event: Event) -> None:
            if self._may_go_on():
                try:
                    self._count(self._put_back(event))
                except BaseException:
                    self._ended = True  # the other calls must not wait for the same outage
                    raise
                on_event()

        unclear = []
        for event in page:
            if event.id not in handled:
                unclear.append(threads.submit(compare, event))
            elif self._may_go_on():
                self._count(State.HANDLED)
                on_event()
        for each in unclear:
            each.result()

    def _put_back(self, event: Event) -> State:
        if self.outbox.has(event.id):
            return State.WAITING
        entries = self.events.under(event.id, event.occurred_at - LONG_BEFORE)
        match finding(entries, self.clock()):
            case Handled():
                return State.HANDLED
            case Missing():
                state = State.MISSING
            case Stuck() | Burnt():
                state = State.STUCK
            case _:
                state = State.UNDER_WAY
        if not self.dry_run and not self.outbox.restore(event, now=self.clock()):
            return State.WAITING
        return state

    def _may_go_on(self) -> bool:
        return not self._ended and self.may_go_on()

    def _count(self, state: State) -> None:
        with self._lock:
            self.counts[state] += 1
