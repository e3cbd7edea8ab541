"""Cold start: a fresh process imports the handler and answers a first POST."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    from benchmarks.compare.tables import Cell

MEGABYTE = 1_000_000
STARTED = (OURS, FLOOR, FLOOR_PACKAGES, *PEERS[1:])


@dataclass(slots=True)
class _Starts:
    """Milliseconds of the import and the first POST, and the modules that the import added."""

    wall: Samples = field(default_factory=Samples)
    cpu: Samples = field(default_factory=Samples)
    from_sources: Samples = field(default_factory=Samples)
    modules: dict[str, int] = field(default_factory=dict)

    def start(self, peer: Peer, settings: dict[str, str]) -> None:
        imported, first = _started(peer, settings, compiled=True)
        self.wall.add(peer.name, (imported["wall_s"] + first["wall_s"]) * 1000)
        self.cpu.add(peer.name, (imported["cpu_s"] + first["cpu_s"]) * 1000)
        self.modules[peer.name] = int(imported["modules"])

    def start_from_sources(self, peer: Peer, settings: dict[str, str]) -> None:
        imported, first = _started(peer, settings, compiled=False)
        self.from_sources.add(peer.name, (imported["wall_s"] + first["wall_s"]) * 1000)

    def row(self, peer: Peer) -> list[Cell]:
        return [
            peer.title,
            "yes" if peer.outbox else "no",
            self.wall.median(peer.name),
            self.wall.ratio(peer.name, BARE.name),
            self.wall.above(peer.name, FLOOR_CALLS.name),
            self.cpu.median(peer.name),
            self.from_sources.median(peer.name),
            self.modules[peer.name],
            size(peer) / MEGABYTE,
        ]

    def measures(self, peer: Peer, above: Peer) -> dict[str, Measure]:
        """The values of the targets for `peer`; those above the floor for `above`."""
        return {
            "cold / bare": self.wall.ratio(peer.name, BARE.name),
            "cold / Powertools with validation": self.wall.ratio(peer.name, VALIDATED.name),
            "cold above floor": self.wall.above(above.name, FLOOR_CALLS.name),
            "zip": Measure(size(peer) / MEGABYTE),
        }


def measure(rounds: int) -> Table:
    """With bytecode in each round; without it in each third round, since that takes longer."""
    starts = _Starts()
    with backends() as canned:
        settings = environment(canned.url, canned.url)
        for turn in range(rounds):
            for peer in rotated(STARTED, turn):
                starts.start(peer, settings)
                if turn % 3 == 0:
                    starts.start_from_sources(peer, settings)
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
        rows=[starts.row(peer) for peer in STARTED],
        found=starts.measures(OURS, above=OURS),
        floors=starts.measures(FLOOR_CALLS, above=FLOOR_PACKAGES),
    )


def _started(
    peer: Peer, settings: dict[str, str], *, compiled: bool
) -> tuple[dict[str, float], dict[str, float]]:
    with worker(peer, settings, compiled=compiled) as process:
        return process.imported, process.call("POST", 1)
