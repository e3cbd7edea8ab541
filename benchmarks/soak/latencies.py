"""The time of a mutation: with a healthy Convoy, and with one that never answers (black-holed)."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TRIED_S = 1.0
"""Seconds above which a request has waited for Convoy, whose deadline is 2 s."""


def measure(api_url: str, convoy_url: str) -> dict[str, list[float]]:
    """The seconds of each mutation, by the state of Convoy and of the breaker."""
    with httpx.Client(base_url=api_url, timeout=30, trust_env=False) as http:
        while create(http).headers["webhook-status"] != "accepted":
            time.sleep(0.5)  # the breaker is still open
        healthy = [timed(http) for _ in range(300)]
        control = f"{convoy_url}/_control/faults"
        httpx.put(control, json={"delay_s": 60.0}, trust_env=False).raise_for_status()
        times = []
        until = time.monotonic() + 22.0
        while time.monotonic() < until:
            times.append(timed(http))
        httpx.delete(control, trust_env=False).raise_for_status()
    return {
        "Convoy healthy": healthy,
        "black-holed, the one that tries": [t for t in times if t > TRIED_S],
        "black-holed, breaker open": [t for t in times if t <= TRIED_S],
    }


def timed(http: httpx.Client) -> float:
    started = time.perf_counter()
    create(http)
    return time.perf_counter() - started


def create(http: httpx.Client) -> httpx.Response:
    return http.post("/todo", json={"item": "x"}).raise_for_status()


def report(samples: Mapping[str, Sequence[float]]) -> list[str]:
    """Print a line for each state; gives the states without samples."""
    for name, seconds in samples.items():
        print(f"{name:32} n {len(seconds):5}{spread(seconds)}")
    return [f"no samples: {name}" for name, seconds in samples.items() if not seconds]


def spread(seconds: Sequence[float]) -> str:
    if not seconds:
        return ""
    ordered = sorted(seconds)
    median, p99 = statistics.median(ordered), ordered[int(len(ordered) * 0.99)]
    return f"  median {median * 1e3:8.1f} ms  p99 {p99 * 1e3:8.1f} ms"
