"""A breaker for the request path: an outage of Convoy is not waited for by every request.

closed ──outage──▶ open ──OPEN_S or more──▶ one tries ──201──▶ closed
                    ▲                           │
                    └──────────outage───────────┘

Each instance of the Lambda has one of its own, and an outage opens all of them within a moment: if
all tried again at the same time, all would wait out the deadline together, and none were left for
the other requests. Hence the jitter.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from app.outbox.outcomes import Misconfigured, Skipped, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.events import Event
    from app.outbox.outcomes import Outcome, Publisher

OPEN_S = 5.0
"""Seconds without an attempt after one failed, and up to as many again at random: of the requests
of an outage, few wait for it."""

MAX_OPEN_S = 60.0
"""Seconds; what a `Retry-After` may ask for at the most, as the relay asks again each minute. The
random part comes on top."""


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
        self._open_until: float | None = None
        self._openings = 0

    def publish(self, event: Event) -> Outcome:
        with self._lock:
            if self._open_until is not None:
                if self._clock() < self._open_until:
                    return Skipped("not tried: Convoy failed a moment ago")
                # This one tries; the others go on skipping until it knows.
                self._open_until = self._clock() + OPEN_S
            openings = self._openings
        outcome = self.inner.publish(event)
        with self._lock:
            self._learn(outcome, openings)
        return outcome

    def _learn(self, outcome: Outcome, openings: int) -> None:
        pause = _pause_s(outcome)
        if pause is not None:
            self._openings += 1
            until = self._clock() + pause + OPEN_S * self._jitter()
            self._open_until = max(self._open_until or 0.0, until)
        elif openings == self._openings:  # a success from before the outage tells nothing of it
            self._open_until = None


def _pause_s(outcome: Outcome) -> float | None:
    match outcome:
        case Unavailable(retry_after_s=after):
            return min(max(OPEN_S, after or 0), MAX_OPEN_S)
        case Misconfigured():
            return OPEN_S
        case _:
            return None
