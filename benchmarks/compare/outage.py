"""The time of a change while Convoy takes connections and never answers."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.compare.handlers import BARE, FLOOR_CALLS, FLOOR_COMMIT, OURS
from benchmarks.compare.processes import HOST, backends, environment, worker
from benchmarks.compare.tables import Samples, Table, rotated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.compare.handlers import Peer
    from benchmarks.compare.tables import Cell

WARM_UP, CALLS = 300, 100
"""Together these requests take less than the 5 s that our breaker stays open."""


def measure(rounds: int) -> Table:
    first, then = Samples(), Samples()
    with backends() as canned, _black_hole() as hole:
        healthy = environment(canned.url, canned.url)
        dark = environment(canned.url, hole)
        for turn in range(rounds):
            for peer in rotated((OURS, BARE), turn):
                then.add(f"{peer.name} healthy", _healthy(peer, healthy))
                tried, open_ = _black_holed(peer, dark)
                first.add(peer.name, tried)
                then.add(peer.name, open_)
            for peer in rotated((FLOOR_CALLS, FLOOR_COMMIT), turn):
                then.add(peer.name, _healthy(peer, healthy))
    rows: list[list[Cell]] = [
        [
            peer.title,
            then.median(f"{peer.name} healthy") * 1000,
            first.median(peer.name) * 1000,
            then.median(peer.name) * 1000,
            then.ratio(peer.name, f"{peer.name} healthy"),
        ]
        for peer in (OURS, BARE)
    ]
    healthy_floor, floor = then.median(FLOOR_CALLS.name), then.median(FLOOR_COMMIT.name)
    floor_ratio = then.ratio(FLOOR_COMMIT.name, FLOOR_CALLS.name)
    rows.append(["floor", healthy_floor * 1000, "-", floor * 1000, floor_ratio])
    return Table(
        name="outage",
        title="Convoy black-holed: a POST",
        note=f"Milliseconds, medians of {rounds} rounds. Both wait 2 s for Convoy, and answer with"
        " success: the event is in the outbox. Our breaker then skips the attempt for 5 to 10 s."
        " The floor makes the same calls, and in the outage only its transaction.",
        columns=("handler", "healthy", "first of the outage", "the next", "to healthy"),
        rows=rows,
        found={"breaker open / healthy": then.ratio(OURS.name, f"{OURS.name} healthy")},
        floors={"breaker open / healthy": floor_ratio},
    )


def _healthy(peer: Peer, settings: dict[str, str]) -> float:
    with worker(peer, settings) as process:
        process.call("POST", WARM_UP)
        return process.call("POST", CALLS)["wall_s"]


def _black_holed(peer: Peer, settings: dict[str, str]) -> tuple[float, float]:
    """Seconds of the first POST, which waits for the deadline, and of a later one."""
    with worker(peer, settings) as process:
        first = process.call("POST", 1)["wall_s"]
        if peer is not OURS:
            return first, process.call("POST", 1)["wall_s"]
        process.call("POST", WARM_UP)
        return first, process.call("POST", CALLS)["wall_s"]


@contextmanager
def _black_hole() -> Iterator[str]:
    with socket.create_server((HOST, 0), backlog=512) as hole:
        yield f"http://{HOST}:{hole.getsockname()[1]}"
