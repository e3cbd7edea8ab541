"""A breaker for the request path: an outage of Convoy is not waited for by every request.

There is a gate for each owner, and one for everybody. A request goes through both.

           ┌──────────────── success ─────────────────┐
           ▼                                          │
        closed ──outage──▶ open ──OPEN_S or more──▶ one tries ──another answer──▶ the next one tries
                            ▲                         │
                            └────────outage───────────┘

An outage is no answer in time, or "not now" (408, 429, 502, 503, 504).

- It opens the gate of the event's owner: a text that makes the server hang is not to keep other
  owners' events waiting.
- The outages of two owners in a row, without a success of anybody between them, open the gate for
  everybody. A success of anybody closes it again. Only a success of the owner closes the owner's.
- Any other answer opens nothing and closes nothing. It may follow one event, and comes at once.

Each instance of the Lambda has a breaker of its own, and an outage opens all of them within a
moment. If all tried again at the same time, all would wait out the deadline together, and none were
left for the other requests. Hence the jitter.
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
"""Seconds without an attempt after one failed, and up to as many again at random: of the requests
of an outage, few wait for it."""

MAX_OPEN_S = 60.0
"""Seconds; what a `Retry-After` may ask for at the most, as the relay asks again each minute. The
random part comes on top."""

MAX_OWNERS = 1000
"""Gates of owners that are kept. The one that was opened the longest ago gives way to a new one."""


@dataclass(slots=True)
class _Gate:
    """An open one. `until` is on the clock; `outage` is the number of the outage that opened it."""

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
        """Whose event met the last outage, if nobody had a success since."""

    def publish(self, event: Event) -> Outcome:
        with self._lock:
            now = self._clock()
            gates = [gate for gate in (self._everybody, self._owners.get(event.owner)) if gate]
            if any(now < gate.until for gate in gates):
                return Skipped("not tried: Convoy failed a moment ago")
            for gate in gates:
                # This one tries; the others go on skipping until it knows.
                gate.until = now + OPEN_S
            outages = self._outages
        outcome = self.inner.publish(event)
        with self._lock:
            self._learn(event.owner, outcome, gates, outages)
        return outcome

    def _learn(self, owner: str, outcome: Outcome, gates: list[_Gate], outages: int) -> None:
        """`outages` had been met when the attempt began, which went through the `gates`."""
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
            # The next attempt is another owner's, if there is one: this one's text may be to blame.
            until += OPEN_S
        self._owners[owner] = self._opened(self._owners.pop(owner, None), until)
        if len(self._owners) > MAX_OWNERS:
            del self._owners[next(iter(self._owners))]
        self._last_owner = owner

    def _opened(self, before: _Gate | None, until: float) -> _Gate:
        return _Gate(max(until, before.until if before else until), self._outages)

    def _close(self, owner: str, outages: int) -> None:
        """A success from before an outage says nothing of it."""
        if self._everybody and self._everybody.outage <= outages:
            self._everybody = None
        gate = self._owners.get(owner)
        if gate and gate.outage <= outages:
            del self._owners[owner]
        if outages == self._outages:
            self._last_owner = None
