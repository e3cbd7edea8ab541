"""Warm: the time of a request in a process that has answered many."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from benchmarks.compare.handlers import (
    BARE,
    BARE_ACK,
    FLOOR,
    FLOOR_CALLS,
    OURS,
    PEERS,
    STRAIGHT,
    VALIDATED,
)
from benchmarks.compare.processes import backends, environment, worker
from benchmarks.compare.tables import Measure, Samples, Table, rotated

if TYPE_CHECKING:
    from benchmarks.compare.handlers import Peer
    from benchmarks.compare.processes import Worker
    from benchmarks.compare.tables import Cell

ROUTES = ("POST", "PUT", "GET", "LIST")
CALLS = 60
WARM_UP = 300
STUBBED = (OURS, FLOOR, STRAIGHT, *(peer for peer in PEERS[1:] if peer.handler != "tutorial"))


def measure(rounds: int) -> list[Table]:
    with ExitStack() as stack:
        canned = stack.enter_context(backends())
        settings = environment(canned.url, canned.url)
        full = {peer.name: stack.enter_context(worker(peer, settings)) for peer in PEERS}
        stubbed = {
            peer.name: stack.enter_context(worker(peer, settings, stub=True)) for peer in STUBBED
        }
        return [_with_backends(full, rounds), _stubbed(stubbed, rounds)]


def _with_backends(workers: dict[str, Worker], rounds: int) -> Table:
    wall, cpu, memory = _sampled(workers, ROUTES, rounds)
    rows = []
    for peer in PEERS:
        row: list[Cell] = [peer.title, "yes" if peer.outbox else "no"]
        for route in ROUTES:
            row.append(wall.median(peer.name + route) * 1e6)
            row.append(wall.ratio(peer.name + route, BARE.name + route))
        rows.append([*row, cpu.median(f"{peer.name}POST") * 1e6, memory[peer.name]])
    return Table(
        name="warm",
        title="Warm: a request, DynamoDB and Convoy answering at once",
        note=f"Microseconds, medians of {rounds} rounds of {CALLS} requests; the list has 100"
        " todos.",
        columns=(
            *("handler", "outbox", "POST", "ratio", "PUT", "ratio", "GET", "ratio"),
            *("LIST", "ratio", "CPU of POST", "peak MB"),
        ),
        rows=rows,
        found=_ratios(wall, OURS),
        floors=_ratios(wall, FLOOR_CALLS),
    )


def _ratios(wall: Samples, peer: Peer) -> dict[str, Measure]:
    return {
        "warm POST / bare with ack": wall.ratio(f"{peer.name}POST", f"{BARE_ACK.name}POST"),
        "warm POST / bare": wall.ratio(f"{peer.name}POST", f"{BARE.name}POST"),
        "list of 100 / bare": wall.ratio(f"{peer.name}LIST", f"{BARE.name}LIST"),
    }


def _stubbed(workers: dict[str, Worker], rounds: int) -> Table:
    wall, cpu, _ = _sampled(workers, ("POST",), rounds)
    ours, floor, validated = (f"{peer.name}POST" for peer in (OURS, FLOOR, VALIDATED))
    rows: list[list[Cell]] = [
        [
            peer.title,
            wall.median(f"{peer.name}POST") * 1e6,
            wall.ratio(f"{peer.name}POST", validated),
            _share_above(wall, f"{peer.name}POST", floor),
            cpu.median(f"{peer.name}POST") * 1e6,
        ]
        for peer in STUBBED
    ]
    return Table(
        name="stubbed",
        title="Warm: a POST without its calls",
        note="What the framework and our own code take, in microseconds; the ratio is to Powertools"
        " with validation, and `above` is above the floor, as a share of it. The floor with the"
        " same calls makes the event and the items, and calls nothing. The one"
        " function does the work of a POST that succeeds.",
        columns=("handler", "POST", "ratio", "above", "CPU"),
        rows=rows,
        found={
            "POST without calls / Powertools with validation": wall.ratio(ours, validated),
            "POST without calls above floor": _share_above(wall, ours, floor),
        },
        floors={
            "POST without calls / Powertools with validation": wall.ratio(floor, validated),
            "POST without calls above floor": _share_above(wall, f"{STRAIGHT.name}POST", floor),
        },
    )


def _share_above(wall: Samples, subject: str, floor: str) -> Measure:
    ratio, noise = wall.ratio(subject, floor)
    return Measure(ratio - 1, noise)


def _sampled(
    workers: dict[str, Worker], routes: tuple[str, ...], rounds: int
) -> tuple[Samples, Samples, dict[str, float]]:
    """Wall time and CPU in seconds, and each peer's peak memory in megabytes."""
    wall, cpu, memory = Samples(), Samples(), {}
    for process in workers.values():
        for route in routes:
            process.call(route, WARM_UP)
    for turn in range(rounds):
        for route in routes:
            for name in rotated(list(workers), turn):
                sample = workers[name].call(route, CALLS)
                wall.add(name + route, sample["wall_s"])
                cpu.add(name + route, sample["cpu_s"])
                memory[name] = sample["peak_kb"] / 1000
    return wall, cpu, memory
