"""What goes on beside the clients: faults and kills, and the relay."""

from __future__ import annotations

import random
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx

from app.outbox.relay import Relay
from app.wiring import Parts, now

if TYPE_CHECKING:
    from benchmarks.soak.stack import Stack

FAULTS: list[dict[str, Any]] = [
    {"status": 503},
    {"status": 400},
    {"status": 429, "headers": {"retry-after": "1"}},
    {"reset": True},
    {"delay_s": 3.0},
    {"status": 502, "body": "<p>", "headers": {"content-type": "text/html"}},
]

MAX_PASSES = 48
"""Passes of the relay over what is left, an hour apart on its clock: two would do."""


def misbehave(stack: Stack, until: float) -> None:
    """Another fault each half second, a good half second between two.

    The API is killed after a third of the time, and Convoy after two thirds.
    """
    chance, started = random.Random(7), time.monotonic()
    third = (until - started) / 3
    kills = [(started + third, stack.api), (started + 2 * third, stack.convoy)]
    with httpx.Client(base_url=stack.convoy.url, timeout=5) as http:
        while time.monotonic() < until:
            http.put("/_control/faults", json=chance.choice(FAULTS)).raise_for_status()
            time.sleep(0.5)
            if kills and time.monotonic() > kills[0][0]:
                kills.pop(0)[1].restart()
            http.delete("/_control/faults").raise_for_status()
            time.sleep(0.5)


def relay(parts: Parts, until: float) -> None:
    while time.monotonic() < until:
        parts.relay().run()
        time.sleep(1.0)


def drain(parts: Parts) -> None:
    """All that is left, due or not: the relay's clock is put forward, and parked rows redriven."""
    for hours in range(1, MAX_PASSES + 1):
        rows = [row for page in parts.outbox.pages() for row in page]
        if not rows:
            return
        for row in rows:
            if row.state == "failed":
                parts.outbox.redrive(row, now=now())
        later = timedelta(hours=hours)
        Relay(parts.publisher, parts.outbox, lambda: now() + later, random.random).run()  # noqa: B023
    raise RuntimeError(f"{len(rows)} events are left in the outbox, Convoy being up: {rows[0]}")
