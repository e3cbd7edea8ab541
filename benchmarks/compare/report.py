"""The blocks of the documents that show the results of a comparison."""

from __future__ import annotations

import json
import re
from textwrap import fill
from typing import TYPE_CHECKING, Any

from benchmarks.compare import plot, targets, waits
from benchmarks.compare.results import RESULTS, measures
from benchmarks.compare.tables import Table, grid, shown
from infra.package.build import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.compare.tables import Measure

README, PERFORMANCE = ROOT / "README.md", ROOT / "docs" / "performance.md"
BENCHMARK, PLOT = ROOT / "docs" / "benchmark.md", ROOT / "docs" / "benchmark.svg"
BLOCKS = {README: ("sentence",), PERFORMANCE: ("waits", "targets"), BENCHMARK: ("where", "tables")}

_BLOCK = re.compile(r"(<!-- make bench: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def documents(kept: Mapping[str, Any]) -> dict[Path, str]:
    """The documents with the blocks of these results, and the plot."""
    found, floors = measures(kept["targets"]), measures(kept["floors"])
    blocks = {
        "sentence": _sentence(kept, found, floors),
        "waits": waits.block(kept),
        "targets": f"{_where(kept)}\n\n{_verdicts(found)}\n\n"
        + grid(targets.COLUMNS, targets.rows(found, floors)),
        "where": _where(kept),
        "tables": "\n\n".join(Table.kept(table).markdown() for table in kept["tables"]),
    }
    written = {document: _with(document, blocks) for document in BLOCKS}
    return {**written, PLOT: plot.drawn(kept)}


def write(kept: Mapping[str, Any]) -> None:
    RESULTS.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    for path, text in documents(kept).items():
        path.write_text(text)


def _where(kept: Mapping[str, Any]) -> str:
    machine = kept["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in kept["versions"].items())
    where = f"{kept['date']}, {machine['processor']}, {machine['cores']} cores; {versions}."
    quick = "**A quick run of two rounds, to try the benchmark: its values mean little.** "
    return f"{quick if kept['quick'] else ''}{where}"


def _sentence(
    kept: Mapping[str, Any],
    found: Mapping[str, Measure],
    floors: Mapping[str, Measure],
) -> str:
    warm, cold = "warm POST / bare", "cold / bare"
    quick = ", a quick run" if kept["quick"] else ""
    text = (
        f"A warm `POST` takes {shown(found[warm].value)} times as long as in a handler without a"
        f" framework that makes the same calls, and a cold start {shown(found[cold].value)} times;"
        " FastAPI, Mangum and pydantic with nothing of this project would take"
        f" {shown(floors[warm].value)} and {shown(floors[cold].value)} times as long"
        f" (`make bench`, {kept['date']}, Python {kept['versions']['python']}{quick})."
    )
    return fill(text, width=110, break_on_hyphens=False)


def _verdicts(found: Mapping[str, Measure]) -> str:
    verdicts = [target.verdict(found[name]) for name, target in targets.TARGETS.items()]
    counts = (f"{verdicts.count(each)} {each}" for each in targets.VERDICTS)
    return f"{len(verdicts)} targets: {', '.join(counts)}."


def _with(document: Path, blocks: Mapping[str, str]) -> str:
    text = document.read_text()
    marked = tuple(name for _, name, _ in _BLOCK.findall(text))
    if marked != BLOCKS[document]:
        raise ValueError(
            f"{document} has the blocks {marked}: it must have `<!-- make bench: NAME -->` to"
            f" `<!-- end -->` for each of {BLOCKS[document]}, in this order"
        )
    return _BLOCK.sub(lambda mark: f"{mark[1]}{blocks[mark[2]]}\n{mark[3]}", text)
