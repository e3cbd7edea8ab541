"""A breaker for the request path: in an outage of Convoy, only few requests wait for it.

There is a gate for each owner, and one for everybody. A request goes through both.

           ┌──────────────── success ─────────────────┐
           ▼                                          │
        closed ──outage──▶ open ──OPEN_S or more──▶ one tries ──another answer──▶ the next one tries
                            ▲                         │
                            └────────outage───────────┘

An outage is no answer in time, or "not now" (408, 429, 502, 503, 504).

- It opens the gate of the event's owner: a text that makes the server hang must not delay other
  owners' events.
- Outages of two owners in a row, without a success between them, open the gate for everybody. Any
  success closes that gate again. Only a success of the owner closes the owner's gate.
- Any other answer opens no gate and closes none. It may concern one event only, and comes at once.

Each Lambda instance has its own breaker, and an outage opens all of them at about the same time. If
all tried again together, all would wait for the deadline together, and no instance would be left
for the other requests. The jitter prevents that.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.outbox.outcomes import Accepted, Misconfigured, Skipped, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.domain.events import Event
    from app.outbox.outcomes import Outcome, Publisher

OPEN_S = 5.0
"""Seconds without an attempt after a failure, plus up to as many more at random: in an outage,
only few requests wait."""

MAX_OPEN_S = 60.0
"""The most seconds that a `Retry-After` may ask for: the relay tries each minute. The random part
is added."""

MAX_OWNERS = 1000
"""The most owners' gates that are kept. A new gate replaces the one that was opened first."""


@dataclass(slots=True)
class _Gate:
    """An open gate. `until` is on the clock; `outage`: the number of the outage that opened it."""

    until: float
    outage: int


class Breaker:
    """A publisher that skips the attempt for a while after `inner` failed.

    `clock` in seconds; `jitter` gives a number from 0 to 1.
    """

    def __init__(
        self, inner: Publisher, clock: Callable[[], float], jitter: Callable[[], float]
    ) -> None:
        self.inner = inner
        self._clock = clock
        self._jitter = jitter
        self._lock = threading.Lock()
        self._everybody: _Gate | None = None
        self._owners: dict[str, _Gate] = {}
        self._outages = 0
        self._last_owner: str | None = None
        """The owner of the event that met the last outage; None after a success."""

    def publish(self, event: Event) -> Outcome:
        with self._lock:
            now = self._clock()
            gates = [gate for gate in (self._everybody, self._owners.get(event.owner)) if gate]
            if any(now < gate.until for gate in gates):
                return Skipped("not tried: Convoy failed a moment ago")
            for gate in gates:
                # This attempt tests Convoy; other attempts are skipped until it has an answer.
                gate.until = now + OPEN_S
            outages = self._outages
        outcome = self.inner.publish(event)
        with self._lock:
            self._learn(event.owner, outcome, gates, outages)
        return outcome

    def _learn(self, owner: str, outcome: Outcome, gates: list[_Gate], outages: int) -> None:
        """The attempt began after so many `outages`, and went through these `gates`."""
        match outcome:
            case Accepted():
                self._close(owner, outages)
            case Unavailable(retry_after_s=after, outage=True):
                self._open(owner, min(max(OPEN_S, after or 0), MAX_OPEN_S))
            case Misconfigured(outage=True):
                self._open(owner, OPEN_S)
            case _:
                for gate in gates:
                    gate.until = self._clock()

    def _open(self, owner: str, pause_s: float) -> None:
        until = self._clock() + pause_s + OPEN_S * self._jitter()
        self._outages += 1
        if self._everybody or self._last_owner not in {None, owner}:
            self._everybody = self._opened(self._everybody, until)
            # Let another owner try next, if there is one: this owner's text may be the cause.
            until += OPEN_S
        self._owners[owner] = self._opened(self._owners.pop(owner, None), until)
        if len(self._owners) > MAX_OWNERS:
            del self._owners[next(iter(self._owners))]
        self._last_owner = owner

    def _opened(self, before: _Gate | None, until: float) -> _Gate:
        return _Gate(max(until, before.until if before else until), self._outages)

    def _close(self, owner: str, outages: int) -> None:
        """A success that began before an outage says nothing about that outage."""
        if self._everybody and self._everybody.outage <= outages:
            self._everybody = None
        gate = self._owners.get(owner)
        if gate and gate.outage <= outages:
            del self._owners[owner]
        if outages == self._outages:
            self._last_owner = None
