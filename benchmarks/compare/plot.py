"""The plot of a comparison: bars in an SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from benchmarks.compare.handlers import FLOOR, FLOOR_CALLS, FLOOR_PACKAGES, OURS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COLORS = {OURS.title: "#0f766e"} | {
    floor.title: "#5eead4" for floor in (FLOOR, FLOOR_CALLS, FLOOR_PACKAGES)
}
OTHERS, UNSAFE = "#94a3b8", "#cbd5e1"
PANEL, LABELS, BAR, ROW, TOP = 560, 210, 220, 24, 40
"""Pixels: widths of a panel, its labels and its longest bar; heights of a row and the title."""


def drawn(kept: Mapping[str, Any]) -> str:
    """The cold starts and the warm requests of `benchmarks/results.json`."""
    tables = {table["name"]: table for table in kept["tables"]}
    cold, warm = tables["cold"], tables["warm"]
    height = TOP + ROW * max(len(cold["rows"]), len(warm["rows"])) + 10
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * PANEL} {height}">',
        "<style>text { font: 13px sans-serif }</style>",
        '<rect width="100%" height="100%" fill="white"/>',
        *_panel(cold, "ms", "Cold: import and first POST, ms", 0),
        *_panel(warm, "POST", "Warm: POST, µs", PANEL),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _panel(table: Mapping[str, Any], column: str, title: str, left: int) -> Iterator[str]:
    """A bar for each handler. The column after `column` has the ratio and its noise."""
    at, start = table["columns"].index(column), left + LABELS
    longest = max(row[at] for row in table["rows"])
    yield f'<text x="{start}" y="24">{escape(title)}</text>'
    for number, row in enumerate(table["rows"]):
        y, color = TOP + ROW * number, COLORS.get(row[0], OTHERS if row[1] == "yes" else UNSAFE)
        width = round(BAR * row[at] / longest)
        yield f'<text x="{start - 8}" y="{y + 13}" text-anchor="end">{escape(row[0])}</text>'
        yield f'<rect x="{start}" y="{y}" width="{width}" height="{ROW - 6}" fill="{color}"/>'
        value = f"{row[at]:,.0f} ×{row[at + 1][0]:.2f}"
        yield f'<text x="{start + width + 6}" y="{y + 13}">{value}</text>'
