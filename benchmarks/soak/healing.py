"""Waits, after the failures, until every committed event was received."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from app.wiring.clock import now
from benchmarks.soak.outcome import committed
from benchmarks.soak.receiver import Arrivals

if TYPE_CHECKING:
    from app.wiring.api import Components
    from benchmarks.soak.stack import Stack

STRAGGLERS_S = 3.0
"""Seconds to wait for duplicates, after every event has come once."""

SOON = timedelta(seconds=5)


def heal(stack: Stack, components: Components, *, within_s: float, hurry: bool) -> float:
    """Wait until the outbox is empty and every event received; gives the seconds.

    `hurry`: a redrive makes rows due at once that wait after a failure. Raises RuntimeError if rows
    are left after `within_s`. Events that were not received are counted by the report.
    """
    started = time.monotonic()
    while True:
        stack.relay.check()
        left = [row for page in components.outbox.pages() for row in page]
        missing = committed(components).keys() - Arrivals.read(stack.arrivals).times.keys()
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
                components.outbox.redrive(row, now=now())
        time.sleep(1.0)
