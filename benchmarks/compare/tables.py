"""The tables of a comparison, for the terminal and the documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Cell = str | float
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Table:
    """`found`: the measured value of each target of this table, by the target's name."""

    name: str
    title: str
    note: str
    columns: tuple[str, ...]
    rows: list[list[Cell]]
    found: Mapping[str, float] = field(default_factory=dict)

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

    def ratio(self, subject: str, base: str) -> float:
        """The median of the rounds' ratios: a slow round slows both values, and does not count."""
        pairs = zip(self.of[subject], self.of[base], strict=True)
        return median(value / base_value for value, base_value in pairs)


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
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int) or abs(cell) >= 100:
        return f"{cell:,.0f}"
    return f"{cell:.1f}" if abs(cell) >= 10 else f"{cell:.2f}"


def rotated(subjects: Sequence[T], turn: int) -> list[T]:
    """The subjects in another order each turn: each is first equally often."""
    at = turn % len(subjects)
    return [*subjects[at:], *subjects[:at]]
