"""Chromium, headless, driven by Playwright; each test gets a new page."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.integration.browser import portal
from tests.support import missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

    from app.convoy.publisher import ConvoyPublisher
    from tests.integration.browser.portal import Api
    from tests.stand_in import Convoy

# pytest then shows both sides of its assertions too.
pytest.register_assert_rewrite("tests.integration.browser.layout")

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first needs half the processor time of the others, which have windows."""

QUIET = [
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--renderer-process-limit=1",  # shared where Chromium allows it: a tenth less
    # As an attacker's name server says.
    "--host-resolver-rules=MAP *.example 127.0.0.1",
]


def chromium() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One for the pages' files. It ends before other tests begin: Playwright runs an event loop,
    and a thread can have only one."""
    executable = chromium()
    if executable is None:
        missing(
            "chromium",
            "needs Chromium: apt-get install chromium, or tests/integration/browser/chromium.sh",
        )
    expect.set_options(timeout=15_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def api(dynamodb: DynamoDBClient, publisher: ConvoyPublisher, convoy: Convoy) -> Iterator[Api]:
    """The API of two owners, with the portal."""
    with portal.serving(dynamodb, publisher, convoy) as api:
        yield api


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page. The test fails if one of its scripts fails, or a request leaves this machine."""
    errors: list[str] = []
    hosts: set[str | None] = set()

    def log(message: ConsoleMessage) -> None:
        # The browser logs each error answer; showing it is up to the page.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            errors.append(message.text)

    def note(request: Request) -> None:
        hosts.add(urlsplit(request.url).hostname)

    context = browser.new_context(viewport={"width": 800, "height": 900})
    page = context.new_page()
    page.on("console", log)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", note)
    yield page
    context.close()
    assert errors == []
    assert hosts <= {"127.0.0.1", "localhost", None}


@pytest.fixture
def inbox(convoy: Convoy, page: Page) -> Page:
    """An empty inbox, connected."""
    page.goto(f"{convoy.url}/inbox")
    expect(page.locator("#state")).to_have_text("0 events, live")
    return page
