"""`make mutants`: whether a test fails for each small change that is made to the code."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infra import tool_env
from infra.run import CommandError, run

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "mutants.md"

KILLED = {"killed", "timeout"}

NOT_EXPLAINED = 1
NOT_RUN = 3

TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Mutant:
    """`where` is the function that is changed, `change` the line that it gets."""

    name: str
    where: str
    change: str


def main() -> int:
    try:
        mutmut = tool_env.commands("mutants", beside_dev=True) / "mutmut"
        everything, survivors = _mutated(mutmut)
    except CommandError as error:
        print(f"error: no mutants: {error}", file=sys.stderr)
        return NOT_RUN
    lines, code = verdict(everything, survivors, explained(DOCUMENT.read_text()))
    print("\n".join(lines))
    return code


def verdict(
    everything: int, survivors: Collection[Mutant], known: Collection[tuple[str, str]]
) -> tuple[list[str], int]:
    """What a run comes to: its lines, and the exit code."""
    unknown = [mutant for mutant in survivors if (mutant.where, mutant.change) not in known]
    stale = set(known) - {(mutant.where, mutant.change) for mutant in survivors}
    lines = [
        f"{'not explained' if mutant in unknown else 'explained'}: {mutant.name}: {mutant.change}"
        for mutant in survivors
    ]
    lines += [f"explained, and no survivor: {where}: {change}" for where, change in sorted(stale)]
    lines.append(
        f"{everything - len(survivors)} of {everything} mutants killed; "
        f"{len(survivors)} survive, {len(unknown)} of them not explained."
    )
    return lines, NOT_EXPLAINED if unknown or stale else 0


def explained(document: str) -> set[tuple[str, str]]:
    """The survivors that its table accounts for: where they are, and the line that they have."""
    return set(re.findall(r"^\| `(.+?)` \| `(.+?)` \| .+ \|$", document, re.MULTILINE))


def _mutated(mutmut: Path) -> tuple[int, list[Mutant]]:
    """How many mutants there are, and which of them no test kills."""
    # What it keeps of an earlier run says nothing of tests that changed since.
    shutil.rmtree(ROOT / "mutants", ignore_errors=True)
    if subprocess.run([mutmut, "run", "--max-children=1"], check=False).returncode:
        raise CommandError("mutmut could not run them all")
    results = statuses(run([str(mutmut), "results", "--all=True"], "mutmut results", TIMEOUT_S))
    survivors = [name for name, status in results.items() if status not in KILLED]
    return len(results), [_shown(mutmut, name) for name in survivors]


def statuses(results: str) -> dict[str, str]:
    """What mutmut calls the end of each mutant, by name."""
    return dict(re.findall(r"^ +(\S+): (.+)$", results, re.MULTILINE))


def _shown(mutmut: Path, name: str) -> Mutant:
    return shown(name, run([str(mutmut), "show", name], "mutmut show", TIMEOUT_S).splitlines())


def shown(name: str, lines: Iterable[str]) -> Mutant:
    """A mutant from its diff."""
    added = [line[1:].strip() for line in lines if re.match(r"\+(?!\+\+ )", line)]
    where = re.sub(r"__mutmut_\d+$", "", name).replace("xǁ", "").replace("ǁ", ".")
    return Mutant(name, where.replace(".x_", "."), " ".join(added))


if __name__ == "__main__":
    sys.exit(main())
