"""The time that a user waits on AWS: round trips of an assumed length, and the measured CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.compare.tables import grid
from benchmarks.scale import assumptions as given

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.compare.tables import Cell

CALLS = {
    "POST": ("TransactWriteItems", "publish"),
    "PUT": ("GetItem", "TransactWriteItems", "publish"),
    "DELETE": ("GetItem", "TransactWriteItems", "publish"),
    "GET": ("GetItem", "publish"),
    "LIST": ("Query", "publish"),
}
"""Each route's calls in a warm function, one after the other."""

SECONDS = {
    "TransactWriteItems": given.TRANSACTION_S,
    "GetItem": given.CALL_S,
    "Query": given.CALL_S,
    "publish": given.PUBLISH_S,
}
TITLES = {"LIST": "`GET`, a list"}


def block(kept: Mapping[str, Any]) -> str:
    """A table of the routes, and the CPU of a POST in the results of a comparison."""
    rows: list[list[Cell]] = [
        [TITLES.get(route, f"`{route}`"), ", ".join(map(_with_ms, calls)), wait_ms(calls)]
        for route, calls in CALLS.items()
    ]
    warm = next(table for table in kept["tables"] if table["name"] == "warm")
    cpu_us = warm["rows"][0][warm["columns"].index("CPU of POST")]
    table = grid(("request", "calls, one after the other, with their assumed ms", "ms"), rows)
    return (
        f"{table}\n\nThe CPU of a `POST` is {cpu_us / 1000:.1f} ms of a core of the machine below."
    )


def wait_ms(calls: tuple[str, ...]) -> int:
    return round(1000 * sum(SECONDS[call] for call in calls))


def _with_ms(call: str) -> str:
    return f"{call} {1000 * SECONDS[call]:.0f}"
