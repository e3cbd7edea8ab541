"""The documents show the results of `make bench`, which measures what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.compare import __main__ as comparison
from benchmarks.compare import (
    interpreter,
    report,
    results,
    sampler,
    waits,
    where,
)
from benchmarks.compare.tables import Measure, Samples, Table, grid, shown
from benchmarks.compare.targets import TARGETS
from infra.package.build import Target
from tests.integration.artefact.test_costs import COSTS
from tests.paths import ROOT
from tests.support import PATIENCE_S

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.compare.tables import Cell

KEPT = json.loads(results.RESULTS.read_text())


@pytest.mark.parametrize("path", [*report.BLOCKS, report.PLOT], ids=lambda path: path.name)
def test_the_documents_and_the_plot_show_the_results(path: Path) -> None:
    assert path.read_text() == report.documents(KEPT)[path]


def test_the_results_have_every_target() -> None:
    assert set(KEPT["targets"]) == set(TARGETS)
    assert set(KEPT["floors"]) <= set(TARGETS)


def test_a_ratio_compares_values_of_the_same_round() -> None:
    samples = Samples()
    for ours, bare in ((2.0, 1.0), (40.0, 20.0), (6.0, 2.0)):
        samples.add("ours", ours)
        samples.add("bare", bare)

    assert samples.ratio("ours", "bare") == Measure(2.0, 0.5)
    assert samples.above("ours", "bare").value == 4.0
    assert samples.median("ours") == 6.0


def test_the_noise_of_few_rounds_is_half_of_their_range_and_of_more_that_of_their_quartiles() -> (
    None
):
    assert Measure.of([1.0, 2.0, 9.0]) == Measure(2.0, 4.0)
    assert Measure.of(map(float, (0, 1, 2, 3, 4, 5, 6, 7, 80))) == Measure(4.0, 2.0)


def test_a_sample_counts_for_the_package_that_called_the_library() -> None:
    values = {"text": "x" * 100_000, "numbers": list(range(1000))}

    sampled: Any = sampler.sampled

    found = sampled(lambda: json.dumps(values, indent=1), 50, {"tests"})

    assert {caller for _, caller, _ in found} == {__name__}
    assert sum(times for running, _, times in found if running.startswith("json")) > 0
    assert where._part("json.encoder", "app.outbox.metrics") == "app/outbox: json"
    assert where._part("namedtuple_Row", "app.outbox.rows") == "app/outbox"


def test_a_target_is_met_at_its_limit_and_not_beyond() -> None:
    most, least = TARGETS["zip"], TARGETS["relay"]

    assert [most.verdict(Measure(value)) for value in (5.0, 5.01)] == ["met", "missed"]
    assert [least.verdict(Measure(value)) for value in (0.9, 0.89)] == ["met", "missed"]


def test_a_target_that_the_noise_reaches_is_neither_met_nor_missed() -> None:
    target = TARGETS["cold / bare"]
    values = [1.5, 1.65, 1.75, 1.9]

    verdicts = [target.verdict(Measure(value, 0.06)) for value in values]

    assert verdicts == ["met", "within the noise", "within the noise", "missed"]


def test_a_run_on_a_machine_that_is_not_quiet_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = {"cold": Measure(2.0, 0.11)}

    def cold(rounds: int) -> Table:
        return Table("cold", "", "", ("ms",), [[rounds]], floors={"cold / bare": noise["cold"]})

    monkeypatch.setattr(interpreter, "switch", lambda: None)
    monkeypatch.setattr(comparison, "PARTS", {"cold": comparison.Part(cold, 15)})
    monkeypatch.setattr("sys.argv", ["benchmarks/compare"])

    assert comparison.main() == 1
    error = capsys.readouterr().err
    assert "this machine is not quiet: the floor of cold / bare is 2.00 ±0.11." in error
    noise["cold"] = Measure(2.0, 0.1)
    assert comparison.main() == 0


@pytest.mark.parametrize("module", ["compare", "soak", "chaos"])
def test_a_comparison_without_the_todo_says_so(module: str) -> None:
    script = (
        "import runpy; from app import register; register.RESOURCES = ();"
        f" runpy.run_module('benchmarks.{module}', run_name='__main__')"
    )

    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("error: make ")
    assert "app/register.py does not have them" in done.stderr


def test_a_table_has_padded_and_aligned_cells() -> None:
    rows: list[list[Cell]] = [
        ["ours", 1234.5, Measure(1.473, 0.052)],
        ["bare", 9.876, Measure(1.0)],
    ]

    assert grid(("what", "ms", "ratio"), rows) == (
        "| what |    ms |      ratio |\n| ---- | ----: | ---------: |\n"
        "| ours | 1,234 | 1.47 ±0.05 |\n| bare |  9.88 |       1.00 |"
    )
    assert [shown(0.5), shown(12.34), shown(7)] == ["0.50", "12.3", "7"]


@pytest.mark.parametrize("other", ["3.11", "3.14"])
def test_the_comparison_runs_on_the_python_of_the_functions(
    other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(os, "execv", lambda path, arguments: replaced.append((path, arguments)))
    monkeypatch.setattr(interpreter, "environment", lambda version: f"/python{version}")
    monkeypatch.setattr("sys.argv", ["benchmarks/compare", "cold", "--quick"])

    for python in (Target().python, other):
        monkeypatch.setattr(Target, "native", lambda python=python: Target(python=python))
        interpreter.switch()

    path = f"/python{Target().python}"
    assert replaced == [(path, [path, "-m", "benchmarks.compare", "cold", "--quick"])]


def test_the_calls_that_a_user_waits_for_are_those_of_the_routes() -> None:
    assert {route: tuple(COSTS["calls"][route]["warm"]) for route in waits.CALLS} == waits.CALLS
