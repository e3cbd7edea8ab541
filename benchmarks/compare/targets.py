"""The targets of the project. Each part of the comparison measures some of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.compare.tables import Cell, Measure

MET, MISSED, WITHIN_NOISE = VERDICTS = ("met", "missed", "within the noise")


@dataclass(frozen=True, slots=True)
class Target:
    """`limit` is the highest allowed value; with `at_least` the lowest."""

    title: str
    limit: float
    at_least: bool = False

    def verdict(self, measured: Measure) -> str:
        """A value whose noise reaches over the limit is neither met nor missed."""
        value, noise = measured
        if noise and abs(value - self.limit) <= noise:
            return WITHIN_NOISE
        met = value >= self.limit if self.at_least else value <= self.limit
        return MET if met else MISSED

    @property
    def limit_text(self) -> str:
        digits = 0 if self.limit >= 10 else 2
        return f"{'≥' if self.at_least else '≤'} {self.limit:,.{digits}f}"


TARGETS = {
    "cold / bare": Target("cold start and first POST, to the bare handler's", 1.70),
    "cold / Powertools with validation": Target("the same, to Powertools with validation", 1.05),
    "cold above floor": Target("the same, above its floor, ms", 60),
    "warm POST / bare with ack": Target("warm POST, to a bare handler's that acks", 1.0),
    "warm POST / bare": Target("warm POST, to the bare handler's", 1.35),
    "POST without calls / Powertools with validation": Target(
        "warm POST without its calls, to Powertools with validation", 1.60
    ),
    "POST without calls above floor": Target("the same, above its floor, as a share of it", 0.40),
    "list of 100 / bare": Target("list of 100, to the bare handler's", 1.30),
    "publish / urllib3": Target("publish over TLS, kept alive, to urllib3's", 1.0),
    "breaker open / healthy": Target("POST while Convoy is black-holed, to a healthy one", 0.60),
    "growth": Target("list, POST and PUT at 1,000,000 rows of others, to 100", 1.10),
    "relay": Target("relay, publishing: share of the rate of as many threads", 0.90, at_least=True),
    "settling": Target("relay, settling 10,000 rows: events a second", 2_000, at_least=True),
    "settling / publishing": Target("the same, to publishing 10,000 rows", 8.0, at_least=True),
    "help": Target("the operator's --help, seconds of CPU", 0.25),
    "zip": Target("the zip, MB", 5.0),
}
"""By the names that the parts use. A value is a ratio within one run, unless its title says more.

`make test` and the first `make run` have targets too; they are not measured here."""

COLUMNS = ("what", "target", "floor", "measured", "")


def rows(found: Mapping[str, Measure], floors: Mapping[str, Measure]) -> list[list[Cell]]:
    return [
        [
            target.title,
            target.limit_text,
            floors.get(name, "-"),
            found[name],
            target.verdict(found[name]),
        ]
        for name, target in TARGETS.items()
        if name in found
    ]
