"""Lambda's environments while Convoy takes connections and never answers, request by request.

An environment serves a request at a time. Its breaker lets one wait out the deadline, and those
after it pass for a while. A request that finds none free gets a new one, up to the quota and as
fast as Lambda adds them, or is turned away: the gateway's 503, and no change was made.

Which of the free environments Lambda takes is not documented: the last that became free, or any.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field

from app.outbox.breaker import OPEN_S
from benchmarks.scale.assumptions import CONCURRENCY, SCALING_PER_S, START_S

FIRST_S = 10
LENGTH_S = 40


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """Shares of the requests: of the first seconds of the outage, and of those after."""

    first: float
    later: float


@dataclass(slots=True)
class Pool:
    """`jitter` is the most that is added to a breaker's `OPEN_S`, in times of it."""

    post_s: float
    pending_s: float
    deadline_s: float
    jitter: float
    any_free: bool
    rate: float
    random: random.Random = field(default_factory=lambda: random.Random(1))
    open_until: list[float] = field(default_factory=list)
    free: list[int] = field(default_factory=list)
    busy: list[tuple[float, int]] = field(default_factory=list)
    may_start: float = SCALING_PER_S * 10

    def __post_init__(self) -> None:
        """As many as a tenth over the average needs, all of them free."""
        warm = int(1.1 * self.rate * self.post_s) + 1
        self.open_until = [0.0] * warm
        self.free = list(range(warm))

    def serve(self, now: float) -> bool:
        """False: turned away."""
        while self.busy and self.busy[0][0] <= now:
            self.free.append(heapq.heappop(self.busy)[1])
        starts_at = now
        if self.free:
            environment = self._take()
        elif len(self.open_until) < CONCURRENCY and self.may_start >= 1:
            self.may_start -= 1
            environment = len(self.open_until)
            self.open_until.append(0.0)
            starts_at += START_S
        else:
            return False
        heapq.heappush(self.busy, (self._ends_at(environment, starts_at), environment))
        return True

    def _take(self) -> int:
        if self.any_free:
            at = self.random.randrange(len(self.free))
            self.free[at], self.free[-1] = self.free[-1], self.free[at]
        return self.free.pop()

    def _ends_at(self, environment: int, now: float) -> float:
        if now < self.open_until[environment]:
            return now + self.pending_s
        ends_at = now + self.pending_s + self.deadline_s
        self.open_until[environment] = ends_at + OPEN_S * (1 + self.jitter * self.random.random())
        return ends_at


def black_hole(pool: Pool) -> TurnedAway:
    """The first seconds of an outage that begins at once."""
    requests, refused = [0, 0], [0, 0]
    now = 0.0
    while True:
        passed = pool.random.expovariate(pool.rate)
        now += passed
        if now >= LENGTH_S:
            return TurnedAway(refused[0] / requests[0], refused[1] / requests[1])
        pool.may_start = min(SCALING_PER_S * 10, pool.may_start + SCALING_PER_S * passed)
        later = now >= FIRST_S
        requests[later] += 1
        refused[later] += not pool.serve(now)
