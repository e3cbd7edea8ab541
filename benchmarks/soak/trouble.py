"""The trouble during the load: the stand-in fails and loses queues, and processes are killed."""

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
"""Seconds of each fault, of each stop of a queue, and of the pause after it."""


def cause_trouble(convoy: Child, killed: Sequence[Child], until: float) -> Counter[str]:
    """For a third of the time faults, then losses: during faults, breakers are open.

    Meanwhile the processes of `killed` are killed one after the other. Gives the number of jobs
    that each queue lost, without those that a kill of the stand-in lost.
    """
    started = time.monotonic()
    each_s = (until - started) / (len(killed) + 1)
    kills = [(started + each_s * number, child) for number, child in enumerate(killed, 1)]
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
    """Stop a stage, let its queue fill up, and lose the queue, as a killed Redis does."""
    http.put("/_control/worker", json={"running": False, "queues": [queue]}).raise_for_status()
    time.sleep(EACH_S)
    lost: int = http.put("/_control/lose", json={"queue": queue}).raise_for_status().json()["lost"]
    http.put("/_control/worker", json={"running": True}).raise_for_status()
    time.sleep(EACH_S)
    return lost
