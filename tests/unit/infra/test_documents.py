"""The documents: their links lead to files and headings that exist, and each has one subject."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]
CODE = re.compile(r"^ *```.*?^ *```|`[^`\n]*`", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
MEASURED = re.compile(r"<!-- make \w+: \w+ -->.*?<!-- end -->", re.DOTALL)
"""Tables that a command writes: as long as there are values."""


def test_each_link_leads_to_a_file_and_to_a_heading_of_it() -> None:
    links = [(document, link) for document in DOCUMENTS for link in _links(document)]

    assert len(links) > len(DOCUMENTS)
    broken = [f"{at.relative_to(ROOT)}: {link}" for at, link in links if not _leads(at, link)]
    assert broken == []


def test_the_readme_fits_two_screens_and_no_page_is_long() -> None:
    lines = {each: MEASURED.sub("", each.read_text()).count("\n") for each in DOCUMENTS}
    pages = {document for document in DOCUMENTS if document.is_relative_to(ROOT / "docs")}
    written = {page for page in pages if "Written by `make docs`" in page.read_text()}

    assert lines[ROOT / "README.md"] <= 80
    assert [page.name for page in pages - written if lines[page] > 250] == []


def _links(document: Path) -> Iterator[str]:
    for link in LINK.findall(CODE.sub("", document.read_text())):
        if not re.match("[a-z]+:", link):
            yield link


def _leads(document: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (document.parent / path).resolve() if path else document
    if not target.exists():
        return False
    return not anchor or target.suffix != ".md" or anchor in _anchors(target)


@cache
def _anchors(document: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ +(.+)$", CODE.sub(_without_fences, document.read_text()), re.M)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


def _without_fences(code: re.Match[str]) -> str:
    return "" if "```" in code[0] else code[0].strip("`")
