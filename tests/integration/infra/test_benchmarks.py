"""The documents show the results of `make bench`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from benchmarks.compare import report
from benchmarks.compare.tables import Samples, grid, shown
from benchmarks.compare.targets import TARGETS

if TYPE_CHECKING:
    from pathlib import Path

KEPT = json.loads(report.RESULTS.read_text())


@pytest.mark.parametrize(
    "path", [report.README, report.PERFORMANCE, report.PLOT], ids=lambda path: path.name
)
def test_the_documents_and_the_plot_show_the_results(path: Path) -> None:
    assert path.read_text() == report.documents(KEPT)[path]


def test_the_results_have_every_target() -> None:
    assert set(KEPT["targets"]) == set(TARGETS)


def test_a_ratio_compares_values_of_the_same_round() -> None:
    samples = Samples()
    for ours, bare in ((2.0, 1.0), (40.0, 20.0), (6.0, 2.0)):
        samples.add("ours", ours)
        samples.add("bare", bare)

    assert samples.ratio("ours", "bare") == 2.0
    assert samples.median("ours") == 6.0


def test_a_target_is_met_at_its_limit_and_not_beyond() -> None:
    most, least = TARGETS["zip"], TARGETS["relay"]

    assert (most.is_met(5.0), most.is_met(5.01)) == (True, False)
    assert (least.is_met(0.9), least.is_met(0.89)) == (True, False)


def test_a_table_has_padded_and_aligned_cells() -> None:
    assert grid(("what", "ms"), [["ours", 1234.5], ["bare", 9.876]]) == (
        "| what |    ms |\n| ---- | ----: |\n| ours | 1,234 |\n| bare |  9.88 |"
    )
    assert [shown(0.5), shown(12.34), shown(7)] == ["0.50", "12.3", "7"]
