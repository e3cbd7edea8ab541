"""An hour without Convoy, and the time after it, in steps of a tenth of a second.

What is simulated is what arithmetic leaves out: Convoy's bucket of tokens, which live requests and
the relay share; breakers, which open on a 429, one for each environment of the Lambda; the relay's
passes, which end at the first 429. Rows that the relay has met in the outage wait out pauses of
their own; they are a handful a minute, and left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.outbox.breaker import OPEN_S
from benchmarks.scale.assumptions import CONVOY_BUCKET_S

if TYPE_CHECKING:
    from benchmarks.scale.deployment import Relays

STEP_S = 0.1
OUTAGE_S = 3600
SETTLING_S = 600
WATCHED_S = 1800


@dataclass(frozen=True, slots=True)
class Drained:
    """`pending` is the share of live changes that Convoy did not take at once, once settled."""

    rows: float
    drained_per_s: float
    pending: float

    @property
    def seconds(self) -> float:
        """Until the outbox is near empty; infinite if it grows."""
        return self.rows / self.drained_per_s if self.drained_per_s > 1e-6 else float("inf")


class Breakers:
    """One for each environment; each stays open for `OPEN_S`, and up to as long again."""

    def __init__(self, environments: float) -> None:
        self.environments = environments
        self.open = 0.0
        self._closing = [0.0] * (round(2 * OPEN_S / STEP_S) + 1)
        self._at = 0

    def step(self) -> None:
        self._at = (self._at + 1) % len(self._closing)
        self.open -= self._closing[self._at]
        self._closing[self._at] = 0.0

    def opened(self, number: float) -> None:
        first = round(OPEN_S / STEP_S)
        each = number / first
        for later in range(first, 2 * first):
            self._closing[(self._at + later) % len(self._closing)] += each
        self.open += number


@dataclass(slots=True)
class World:
    rate: float
    environments: float
    ingest_per_s: float
    relays: Relays
    rows: float = 0.0
    tokens: float = 0.0
    stopped: bool = False


def after_an_hour(
    *, rate: float, environments: float, ingest_per_s: float, relays: Relays
) -> Drained:
    """Convoy is back, its bucket full; see what becomes of the rows of the hour."""
    world = World(rate, environments, ingest_per_s, relays, rows=rate * OUTAGE_S)
    world.tokens = CONVOY_BUCKET_S * ingest_per_s
    breakers = Breakers(environments)
    begun = before = world.rows
    pending = watched = 0.0
    for step in range(round((SETTLING_S + WATCHED_S) / STEP_S)):
        if step == round(SETTLING_S / STEP_S):
            before, pending, watched = world.rows, 0.0, 0.0
        pending += _step(world, breakers, step * STEP_S)
        watched += STEP_S
        if not world.rows:
            return Drained(begun, begun / ((step + 1) * STEP_S), pending / (rate * watched))
    return Drained(begun, (before - world.rows) / WATCHED_S, pending / (rate * WATCHED_S))


def _step(world: World, breakers: Breakers, now: float) -> float:
    """Gives the live changes that were left pending."""
    breakers.step()
    closed = breakers.environments - breakers.open
    each = world.rate * STEP_S / breakers.environments
    relayed = _relay_tries(world, now)
    world.tokens = min(
        world.tokens + world.ingest_per_s * STEP_S, CONVOY_BUCKET_S * world.ingest_per_s
    )
    asked = closed * each + relayed
    share = min(1.0, world.tokens / asked) if asked else 1.0
    # The first 429 of an environment ends its tries, the first of a pass the pass.
    failed = closed * (1 - share**each)
    breakers.opened(failed)
    accepted = closed * each * share
    if share < 1.0 and relayed:
        world.stopped = True
        relayed = min(relayed * share, world.relays.each * share / (1 - share))
    world.tokens = max(0.0, world.tokens - accepted - relayed)
    pending = max(0.0, world.rate * STEP_S - accepted)
    world.rows = max(0.0, world.rows + pending - relayed)
    return pending


def _relay_tries(world: World, now: float) -> float:
    into_minute = now % 60
    if into_minute < STEP_S / 2:
        world.stopped = False
    if world.stopped or into_minute >= world.relays.works_s:
        return 0.0
    return min(world.rows, world.relays.tries_per_s * STEP_S)
