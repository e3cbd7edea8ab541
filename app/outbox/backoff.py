"""How long one event waits between two attempts."""

from __future__ import annotations

from datetime import timedelta

FIRST_PAUSE_S = 30.0
MAX_PAUSE_S = 900.0
"""Seconds between attempts: doubled each time. After a failure, half of the pause is random."""

MAX_RETRY_AFTER_S = 3600
"""The most seconds that an event, or a relay, waits because Convoy asked for a pause."""


def after_failure(attempts: int, jitter: float, retry_after_s: int | None = None) -> timedelta:
    """The pause after a failed attempt, with `attempts` before it. `jitter` is from 0 to 1."""
    pause = min(FIRST_PAUSE_S * 2 ** min(attempts, 10), MAX_PAUSE_S) * (0.5 + jitter / 2)
    asked = min(retry_after_s or 0, MAX_RETRY_AFTER_S)
    return timedelta(seconds=max(pause, asked))


def after_acceptance(attempts: int, settle_after: timedelta) -> timedelta:
    """The pause until the relay asks Convoy for an event that Convoy accepted.

    `attempts`: how often Convoy had accepted the event before, without showing it.
    """
    longest = max(settle_after, timedelta(seconds=MAX_PAUSE_S))
    return min(settle_after * (1 << min(attempts, 10)), longest)
