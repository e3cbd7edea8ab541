"""`make scale`: compute the tables of `docs/scale.md`, print them, and write them there."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.scale.plan import tables

PLAN = Path(__file__).parents[2] / "docs" / "scale.md"
MARKED = re.compile(r"<!-- make scale: (\w+) -->\n.*?<!-- end -->", re.DOTALL)


def filled(plan: str, made: dict[str, str]) -> str:
    """The plan with each marked table computed again. Raises KeyError for an unknown mark."""
    text = "<!-- make scale: {} -->\n{}\n<!-- end -->"
    return MARKED.sub(lambda mark: text.format(mark[1], made[mark[1]]), plan)


if __name__ == "__main__":
    for name, table in (made := tables()).items():
        print(f"{name}\n\n{table}\n")
    PLAN.write_text(filled(PLAN.read_text(), made))
