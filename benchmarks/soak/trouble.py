"""What goes on beside the clients: the stand-in fails, loses its queues, and all are killed."""

from __future__ import annotations

import time
from collections import Counter
from itertools import cycle
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.soak.children import Child
    from infra.fake_convoy.queues import Queue

FAULTS: list[dict[str, Any]] = [
    {"status": 503},
    {"status": 400},
    {"status": 429, "headers": {"retry-after": "1"}},
    {"reset": True},
    {"lose_answer": True},
    {"delay_s": 3.0},
    {"status": 502, "body": "<p>", "headers": {"content-type": "text/html"}},
]

QUEUES: list[Queue] = ["intake", "matching", "deliveries", "attempts"]

EACH_S = 0.5
"""Seconds of each fault, of each stop of a queue, and of the quiet after."""


def misbehave(convoy: Child, victims: Sequence[Child], until: float) -> Counter[str]:
    """For a third of the time faults, one after the other; then losses: a fault opens the breakers.

    Meanwhile each victim is killed in its turn. Gives how many jobs each queue lost, beside those
    that a kill of the stand-in lost.
    """
    started = time.monotonic()
    each_s = (until - started) / (len(victims) + 1)
    kills = [(started + each_s * number, child) for number, child in enumerate(victims, 1)]
    faults, queues, lost = cycle(FAULTS), cycle(QUEUES), Counter[str]()
    with httpx.Client(base_url=convoy.url, timeout=5, trust_env=False) as http:
        while time.monotonic() < until:
            if time.monotonic() < started + (until - started) / 3:
                _fail(http, next(faults))
            else:
                queue = next(queues)
                lost[queue] += _lose(http, queue)
            if kills and time.monotonic() > kills[0][0]:
                kills.pop(0)[1].restart()
    return lost


def _fail(http: httpx.Client, fault: dict[str, Any]) -> None:
    http.put("/_control/faults", json=fault).raise_for_status()
    time.sleep(EACH_S)
    http.delete("/_control/faults").raise_for_status()
    time.sleep(EACH_S)


def _lose(http: httpx.Client, queue: Queue) -> int:
    """Let work pile up before a stage, and lose it, as a Redis does that is killed."""
    http.put("/_control/worker", json={"running": False, "queues": [queue]}).raise_for_status()
    time.sleep(EACH_S)
    lost: int = http.put("/_control/lose", json={"queue": queue}).raise_for_status().json()["lost"]
    http.put("/_control/worker", json={"running": True}).raise_for_status()
    time.sleep(EACH_S)
    return lost
