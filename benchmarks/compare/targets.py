"""The targets of the project. Each part of the comparison measures some of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.compare.tables import Cell


@dataclass(frozen=True, slots=True)
class Target:
    """`limit` is the highest allowed value; with `at_least` the lowest."""

    title: str
    limit: float
    at_least: bool = False

    def is_met(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit

    @property
    def limit_text(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:.2f}"


TARGETS = {
    "cold / bare": Target("cold start and first POST, to a bare handler's", 1.75),
    "cold / Powertools with validation": Target("the same, to Powertools with validation", 1.10),
    "warm POST / bare": Target("warm POST, to a bare handler's", 1.25),
    "POST without calls / Powertools with validation": Target(
        "warm POST without its calls, to Powertools with validation", 1.0
    ),
    "list of 100 / bare": Target("list of 100, to a bare handler's", 1.5),
    "publish / urllib3": Target("publish over TLS, kept alive, to urllib3's", 1.3),
    "breaker open / healthy": Target("POST while Convoy is black-holed, to a healthy one", 1.0),
    "growth": Target("list, POST and PUT at 1,000,000 rows of others, to 100", 1.1),
    "relay": Target("relay, to as many threads that only publish", 0.9, at_least=True),
    "zip": Target("the zip, MB", 5.0),
}
"""By the names that the parts use. All except the last are ratios within one run."""

COLUMNS = ("what", "target", "measured", "met")


def rows(found: Mapping[str, float]) -> list[list[Cell]]:
    return [
        [
            target.title,
            target.limit_text,
            found[name],
            "yes" if target.is_met(found[name]) else "no",
        ]
        for name, target in TARGETS.items()
        if name in found
    ]
