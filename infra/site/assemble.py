"""Lays the documents out for Sphinx: python -m infra.site.assemble FOLDER

The documents link to each other and to files of the repository, as GitHub shows them. On the site
each linked file is a page.
"""

from __future__ import annotations

import json
import posixpath
import re
import shutil
import sys
from pathlib import Path

from infra import reference

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SOURCE = Path(__file__).parent / "source"

_TOP = {
    ROOT / "README.md": "index.md",
    ROOT / "CHANGELOG.md": "changelog.md",
    ROOT / "CONTRIBUTING.md": "contributing.md",
    ROOT / "SECURITY.md": "reporting.md",
}
_LANGUAGES = {
    ".go": "go",
    ".json": "json",
    ".mjs": "js",
    ".py": "python",
    ".ts": "ts",
    ".yaml": "yaml",
}
_CODE = re.compile(r"(^ *```.*?^ *```|`[^`\n]*`)", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\((?![a-z]+:|#)([^)\s#]+)")


class Site:
    """Where each file of the repository is on the site."""

    def __init__(self) -> None:
        self.pages = _TOP | {page: _place(page) for page in DOCS.rglob("*.md")}
        self.files: dict[Path, str] = {}
        """Linked files that are no documents, each with its page or its copy."""

    def text(self, page: Path) -> str:
        """A document, with its links as they are on the site. Raises ValueError."""
        parts = _CODE.split(page.read_text())
        parts[::2] = [
            _LINK.sub(lambda link: f"]({self._link(page, link[1])}", part) for part in parts[::2]
        ]
        return "".join(parts)

    def _link(self, page: Path, link: str) -> str:
        target = (page.parent / link).resolve()
        if target.is_dir():
            target /= "README.md"
        if not target.is_file():
            raise ValueError(f"{page.relative_to(ROOT)} links to {link}, which does not exist")
        place = self.pages.get(target) or self.files.setdefault(target, _place(target))
        return posixpath.relpath(place, posixpath.dirname(self.pages[page]))


def _place(file: Path) -> str:
    if not file.is_relative_to(DOCS):
        return f"files/{file.relative_to(ROOT).as_posix()}.md"
    place = file.relative_to(DOCS).as_posix()
    return re.sub(r"README\.md$", "index.md", place)


def _listing(file: Path) -> str:
    """A page with the text of a file."""
    language = _LANGUAGES.get(file.suffix, "text")
    name = file.relative_to(ROOT).as_posix()
    return f"---\norphan: true\n---\n\n# `{name}`\n\n````{language}\n{file.read_text()}````\n"


def assemble(folder: Path) -> None:
    """Write Sphinx's source into the folder, in place of what is there. Raises ValueError."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SOURCE, folder)
    nav = (folder / "nav.md").read_text()
    (folder / "nav.md").unlink()
    site = Site()
    for page, place in site.pages.items():
        _write(folder / place, site.text(page) + (nav if place == "index.md" else ""))
    for file, place in site.files.items():
        if place.startswith("files/"):
            _write(folder / place, _listing(file))
        else:
            shutil.copy(file, folder / place)
    shutil.copy(DOCS / "openapi.json", folder)
    _add_reference(folder / "_extra" / "reference")


def _add_reference(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name, file in reference.FILES.items():
        shutil.copy(file, folder / name)
    document = json.dumps(json.loads((DOCS / "openapi.json").read_text()))
    _write(folder / "document.js", f"window.openApiDocument = {document};\n")
    page = folder / "index.html"
    script = '<script src="reference.js"'
    page.write_text(
        page.read_text().replace(script, f'<script src="document.js"></script>\n    {script}')
    )


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


if __name__ == "__main__":
    assemble(Path(sys.argv[1]))
