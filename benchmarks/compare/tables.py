"""The tables of a comparison, for the terminal and the documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


FEW = 9
"""Rounds below which their quartiles say little."""


class Measure(NamedTuple):
    """The median of the rounds' values, and their noise: half of the distance of their quartiles.

    With fewer than nine rounds it is half of their range. A counted value has none.
    """

    value: float
    noise: float = 0.0

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        found = list(values)
        if len(found) < 2:
            return cls(*found)
        low, middle, high = quantiles(found, n=4, method="inclusive")
        if len(found) < FEW:
            low, high = min(found), max(found)
        return cls(middle, (high - low) / 2)


Cell = str | float | Measure
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Table:
    """`found`: the measured value of each target of this table, by the target's name.

    `floors`: the value that the target would have with nothing of this project.
    """

    name: str
    title: str
    note: str
    columns: tuple[str, ...]
    rows: list[list[Cell]]
    found: Mapping[str, Measure] = field(default_factory=dict)
    floors: Mapping[str, Measure] = field(default_factory=dict)

    @classmethod
    def kept(cls, table: Mapping[str, Any]) -> Self:
        """The table of benchmarks/results.json. JSON has lists in place of Measures."""
        rows = [
            [Measure(*cell) if isinstance(cell, list) else cell for cell in row]
            for row in table["rows"]
        ]
        return cls(
            name=table["name"],
            title=table["title"],
            note=table["note"],
            columns=tuple(table["columns"]),
            rows=rows,
        )

    def markdown(self) -> str:
        return f"### {self.title}\n\n{self.note}\n\n{grid(self.columns, self.rows)}"


@dataclass(slots=True)
class Samples:
    """One value of each subject in each round, in the order of rounds."""

    of: dict[str, list[float]] = field(default_factory=dict)

    def add(self, subject: str, value: float) -> None:
        self.of.setdefault(subject, []).append(value)

    def median(self, subject: str) -> float:
        return median(self.of[subject])

    def measure(self, subject: str) -> Measure:
        return Measure.of(self.of[subject])

    def ratio(self, subject: str, base: str) -> Measure:
        """Of the rounds' ratios: a slow round slows both values, and does not count."""
        return Measure.of(value / base_value for value, base_value in self._pairs(subject, base))

    def above(self, subject: str, base: str) -> Measure:
        """Of the rounds' differences."""
        return Measure.of(value - base_value for value, base_value in self._pairs(subject, base))

    def _pairs(self, subject: str, base: str) -> Iterable[tuple[float, float]]:
        return zip(self.of[subject], self.of[base], strict=True)


def grid(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """A Markdown table with padded cells; columns of numbers are right-aligned."""
    lines = [list(columns), *([shown(cell) for cell in row] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    right = [all(not isinstance(row[at], str) for row in rows) for at in range(len(columns))]

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell.rjust(width) if numbers else cell.ljust(width)
            for cell, width, numbers in zip(cells, widths, right, strict=True)
        )
        return f"| {' | '.join(padded)} |"

    rule = [
        "-" * (width - 1) + (":" if numbers else "-")
        for width, numbers in zip(widths, right, strict=True)
    ]
    return "\n".join([line(lines[0]), line(rule), *map(line, lines[1:])])


def shown(cell: Cell) -> str:
    """A number has three significant figures, and always its whole part."""
    match cell:
        case str():
            return cell
        case Measure(value, 0):
            return shown(value)
        case Measure(value, noise):
            return f"{shown(value)} ±{noise:,.{_digits(value)}f}"
        case _:
            return f"{cell:,.{0 if isinstance(cell, int) else _digits(cell)}f}"


def _digits(value: float) -> int:
    """Digits after the point."""
    return 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2


def rotated(subjects: Sequence[T], turn: int) -> list[T]:
    """The subjects in another order each turn: each is first equally often."""
    at = turn % len(subjects)
    return [*subjects[at:], *subjects[:at]]
