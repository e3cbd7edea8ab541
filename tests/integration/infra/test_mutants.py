"""`make mutants` tells what no test kills, and whether a reason stands in `docs/mutants.md`."""

from __future__ import annotations

import tomllib

import pytest

from infra import mutants
from infra.mutants import ROOT, Mutant

PAUSE = Mutant(
    "app.domain.service.xǁServiceǁ_change__mutmut_34",
    "app.domain.service.Service._change",
    "pause()",
)
AFTER = Mutant("app.convoy.publisher.x__after__mutmut_7", "app.convoy.publisher._after", "return 1")


def known(*those: Mutant) -> set[tuple[str, str]]:
    return {(mutant.where, mutant.change) for mutant in those}


@pytest.mark.parametrize(
    ("survivors", "explained", "code", "told"),
    [
        ([], set(), 0, ["9 of 9 mutants killed; 0 survive, 0 of them not explained."]),
        (
            [PAUSE, AFTER],
            known(AFTER),
            mutants.NOT_EXPLAINED,
            [
                "not explained: app.domain.service.xǁServiceǁ_change__mutmut_34: pause()",
                "explained: app.convoy.publisher.x__after__mutmut_7: return 1",
                "7 of 9 mutants killed; 2 survive, 1 of them not explained.",
            ],
        ),
        (
            [PAUSE],
            known(PAUSE, AFTER),
            mutants.NOT_EXPLAINED,
            [
                "explained: app.domain.service.xǁServiceǁ_change__mutmut_34: pause()",
                "explained, and no survivor: app.convoy.publisher._after: return 1",
                "8 of 9 mutants killed; 1 survive, 0 of them not explained.",
            ],
        ),
    ],
)
def test_a_survivor_without_a_reason_and_a_reason_without_a_survivor_fail_it(
    survivors: list[Mutant], explained: set[tuple[str, str]], code: int, told: list[str]
) -> None:
    assert mutants.verdict(9, survivors, explained) == (told, code)


@pytest.mark.parametrize("mutant", [PAUSE, AFTER])
def test_a_mutant_is_known_by_its_function_and_the_line_that_it_gets(mutant: Mutant) -> None:
    lines = ["# name: survived", "--- a.py", "+++ a.py", "@@ -1 +1 @@", "-    was", " as", ""]

    assert mutants.shown(mutant.name, [*lines, f"+    {mutant.change}"]) == mutant


def test_what_is_neither_killed_nor_out_of_time_survives() -> None:
    results = mutants.statuses("    a.x_b__mutmut_1: killed\n    a.x_b__mutmut_2: no tests\n")

    assert results == {"a.x_b__mutmut_1": "killed", "a.x_b__mutmut_2": "no tests"}


def test_every_reason_can_be_read() -> None:
    document = mutants.DOCUMENT.read_text()

    assert len(mutants.explained(document)) == document.count("\n| `app.")


def test_what_is_to_be_changed_is_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    paths = project["tool"]["mutmut"]["only_mutate"]

    assert paths
    assert [path for path in paths if not (ROOT / path).is_file()] == []
