"""The generated blocks of the reference: from `<!-- make docs: NAME -->` to `<!-- end -->`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.docs import calls, settings

if TYPE_CHECKING:
    from collections.abc import Mapping

DOCS = Path(__file__).parents[2] / "docs"

_BLOCK = re.compile(r"(<!-- make docs: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def written(document: dict[str, Any]) -> dict[Path, str]:
    """The pages with their blocks; `document` is the OpenAPI document."""
    blocks = {"calls": calls.table(document), "settings": settings.table()}
    return {DOCS / f"{page}.md": _with(DOCS / f"{page}.md", blocks) for page in PAGES}


PAGES = ("api", "settings")


def _with(page: Path, blocks: Mapping[str, str]) -> str:
    """Raises ValueError if the page has no place for a block."""
    text, count = _BLOCK.subn(
        lambda mark: f"{mark[1]}{blocks[mark[2]]}\n{mark[3]}", page.read_text()
    )
    if count != 1:
        raise ValueError(
            f"{page} has {count} blocks from `<!-- make docs: NAME -->`: it must have 1"
        )
    return text
