"""The documents as a site: `make docs-site`."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.paths import ROOT
from tests.product import PATH

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

BUILD_S = 300


@pytest.fixture(scope="module")
def site(browser: Browser) -> Path:
    """Built as by hand. Each link without a target is an error."""
    built = subprocess.run(
        ["make", "docs-site"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=BUILD_S,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return ROOT / "build" / "site" / "html"


def test_no_page_of_the_site_loads_anything_from_another_host(site: Path) -> None:
    loads = r'<(?:script|img|iframe|link rel="stylesheet")[^>]* (?:src|href)="(?:https?:)?//[^"]*"'

    pages = list(site.rglob("*.html"))
    assert len(pages) > 40
    assert {found for page in pages for found in re.findall(loads, page.read_text())} == set()


def test_the_site_works_from_a_folder_without_a_server(site: Path, page: Page) -> None:
    page.goto((site / "calls.html").as_uri())
    reference = page.frame_locator("iframe")
    expect(reference.locator(".opblock-post").first).to_contain_text(PATH)
    reference.get_by_role("button", name="GET / Ping").click()
    expect(reference.locator(".opblock.is-open")).to_contain_text("Say hello")
    expect(reference.get_by_role("button", name="Execute")).to_have_count(0)

    page.goto(f"{(site / 'search.html').as_uri()}?q=republish")

    expect(page.locator("#search-results")).to_contain_text("A customer misses an event")
