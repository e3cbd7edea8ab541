"""The wait until all that was committed was received, once nothing fails any more."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from app.wiring.clients import now
from benchmarks.soak.outcome import committed
from benchmarks.soak.receiver import Arrivals

if TYPE_CHECKING:
    from app.wiring.api import Components
    from benchmarks.soak.stack import Stack

STRAGGLERS_S = 3.0
"""Seconds for deliveries that come twice, after all have come once."""

SOON = timedelta(seconds=5)


def heal(stack: Stack, parts: Components, *, within_s: float, hurry: bool) -> float:
    """Until the outbox is empty and everything received; gives the seconds that it took.

    `hurry`: rows that wait out the pause after a failure are due at once, by a redrive. Raises
    RuntimeError if there are rows left; what was not received the report counts.
    """
    started = time.monotonic()
    while True:
        stack.relay.check()
        left = [row for page in parts.outbox.pages() for row in page]
        missing = committed(parts).keys() - Arrivals.read(stack.arrivals).times.keys()
        took = time.monotonic() - started
        if not left and not missing:
            time.sleep(STRAGGLERS_S)
            return took
        if took > within_s:
            if left:
                raise RuntimeError(f"{len(left)} rows are left in the outbox: {left[0]}")
            return took
        for row in left if hurry else ():
            if row.due_at > now() + SOON:
                parts.outbox.redrive(row, now=now())
        time.sleep(1.0)
