"""Cold start: a fresh process imports the handler and answers a first POST."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.compare.environments import BARE_OUTBOX, OURS, PEERS, VALIDATED, size
from benchmarks.compare.processes import backends, environment, worker
from benchmarks.compare.tables import Samples, Table, rotated

if TYPE_CHECKING:
    from benchmarks.compare.environments import Peer

MEGABYTE = 1_000_000


def measure(rounds: int) -> Table:
    """With bytecode in each round; without it in each third round, since that takes longer."""
    wall, cpu, sources, modules = Samples(), Samples(), Samples(), {}
    with backends() as canned:
        settings = environment(canned.url, canned.url)
        for turn in range(rounds):
            for peer in rotated(PEERS, turn):
                imported, first = _started(peer, settings, bytecode=True)
                wall.add(peer.name, imported["wall_s"] + first["wall_s"])
                cpu.add(peer.name, imported["cpu_s"] + first["cpu_s"])
                modules[peer.name] = int(imported["modules"])
                if turn % 3 == 0:
                    imported, first = _started(peer, settings, bytecode=False)
                    sources.add(peer.name, imported["wall_s"] + first["wall_s"])
    rows = [
        [
            peer.title,
            "yes" if peer.outbox else "no",
            wall.median(peer.name) * 1000,
            wall.ratio(peer.name, BARE_OUTBOX.name),
            cpu.median(peer.name) * 1000,
            sources.median(peer.name) * 1000,
            sources.median(peer.name) / wall.median(peer.name),
            modules[peer.name],
            size(peer) / MEGABYTE,
        ]
        for peer in PEERS
    ]
    return Table(
        name="cold",
        title="Cold: import and first POST",
        note=f"Medians of {rounds} fresh processes each; from sources, {len(range(0, rounds, 3))}.",
        columns=(
            *("handler", "outbox", "ms", "ratio", "CPU ms", "ms from sources", "times as long"),
            *("modules", "zip MB"),
        ),
        rows=rows,
        found={
            "cold / bare": wall.ratio(OURS.name, BARE_OUTBOX.name),
            "cold / Powertools with validation": wall.ratio(OURS.name, VALIDATED.name),
            "zip": size(OURS) / MEGABYTE,
        },
    )


def _started(
    peer: Peer, settings: dict[str, str], *, bytecode: bool
) -> tuple[dict[str, float], dict[str, float]]:
    with worker(peer, settings, bytecode=bytecode) as process:
        return process.imported, process.call("POST", 1)
