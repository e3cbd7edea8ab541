"""Cold start: a fresh process imports the handler and answers a first POST."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.compare.environments import size
from benchmarks.compare.handlers import (
    BARE,
    FLOOR,
    FLOOR_CALLS,
    FLOOR_PACKAGES,
    OURS,
    PEERS,
    VALIDATED,
)
from benchmarks.compare.processes import backends, environment, worker
from benchmarks.compare.tables import Measure, Samples, Table, rotated

if TYPE_CHECKING:
    from benchmarks.compare.handlers import Peer

MEGABYTE = 1_000_000
STARTED = (OURS, FLOOR, FLOOR_PACKAGES, *PEERS[1:])


def measure(rounds: int) -> Table:
    """With bytecode in each round; without it in each third round, since that takes longer."""
    wall, cpu, sources, modules = Samples(), Samples(), Samples(), {}
    with backends() as canned:
        settings = environment(canned.url, canned.url)
        for turn in range(rounds):
            for peer in rotated(STARTED, turn):
                imported, first = _started(peer, settings, compiled=True)
                wall.add(peer.name, (imported["wall_s"] + first["wall_s"]) * 1000)
                cpu.add(peer.name, (imported["cpu_s"] + first["cpu_s"]) * 1000)
                modules[peer.name] = int(imported["modules"])
                if turn % 3 == 0:
                    imported, first = _started(peer, settings, compiled=False)
                    sources.add(peer.name, (imported["wall_s"] + first["wall_s"]) * 1000)
    rows = [
        [
            peer.title,
            "yes" if peer.outbox else "no",
            wall.median(peer.name),
            wall.ratio(peer.name, BARE.name),
            wall.above(peer.name, FLOOR_CALLS.name),
            cpu.median(peer.name),
            sources.median(peer.name),
            modules[peer.name],
            size(peer) / MEGABYTE,
        ]
        for peer in STARTED
    ]
    return Table(
        name="cold",
        title="Cold: import and first POST",
        note=f"Medians of {rounds} fresh processes each; from sources, {len(range(0, rounds, 3))}."
        " `above` is milliseconds above the floor with the same calls. A function imports botocore"
        " too: the floor without calls does not. One floor also imports the SDK of Convoy, with"
        " httpx, and reads settings.",
        columns=(
            *("handler", "outbox", "ms", "ratio", "above", "CPU ms", "ms from sources"),
            *("modules", "zip MB"),
        ),
        rows=rows,
        found={
            "cold / bare": wall.ratio(OURS.name, BARE.name),
            "cold / Powertools with validation": wall.ratio(OURS.name, VALIDATED.name),
            "cold above floor": wall.above(OURS.name, FLOOR_CALLS.name),
            "zip": Measure(size(OURS) / MEGABYTE),
        },
        floors={
            "cold / bare": wall.ratio(FLOOR_CALLS.name, BARE.name),
            "cold / Powertools with validation": wall.ratio(FLOOR_CALLS.name, VALIDATED.name),
            "cold above floor": wall.above(FLOOR_PACKAGES.name, FLOOR_CALLS.name),
            "zip": Measure(size(FLOOR_CALLS) / MEGABYTE),
        },
    )


def _started(
    peer: Peer, settings: dict[str, str], *, compiled: bool
) -> tuple[dict[str, float], dict[str, float]]:
    with worker(peer, settings, compiled=compiled) as process:
        return process.imported, process.call("POST", 1)
