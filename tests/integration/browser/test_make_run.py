"""The pages of `make run`: the inbox, the portal, and the API reference."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import expect
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from app.domain.events import title
from infra.fake_convoy import server
from tests.integration.e2e.receiving import until
from tests.linux import children_of, ports_of
from tests.product import NEW, PATH, RESOURCE
from tests.support import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

    from tests.integration.e2e.stacks import Stack, Stacks


@pytest.fixture(scope="module")
def stack(stacks: Stacks) -> Iterator[Stack]:
    with stacks.own() as stack:
        yield stack


def change(stack: Stack, number: int) -> str:
    """Create a resource with this id by HTTP; gives its event's id."""
    answer = httpx.post(stack.api + PATH, json={"id": number} | NEW)
    assert answer.status_code == 201
    event_id: str = answer.headers["webhook-id"]
    return event_id


def is_accepted(stack: Stack) -> bool:
    return httpx.post(stack.api + PATH, json=NEW).headers["webhook-status"] == "accepted"


def card(page: Page, number: int) -> Locator:
    summary = page.locator("summary", has_text=f"#{number} ")
    return page.get_by_role("listitem").filter(has=summary)


def test_a_new_event_appears_without_a_reload(page: Page, stack: Stack) -> None:
    page.goto(stack.inbox)
    expect(page.locator("#state")).to_have_text("0 events, live")
    expect(page.locator("#try")).to_contain_text(f"curl {stack.api}{PATH} -H")

    event_id = change(stack, 101)

    new = card(page, 101)
    expect(new).to_contain_text("✓ delivered")
    expect(page.locator("#empty")).to_be_hidden()
    new.locator(".card > summary").click()
    expect(new.locator("dl")).to_contain_text(event_id)
    expect(new.get_by_role("group", name="Payload")).to_contain_text(
        f'"event": "{RESOURCE.events.created.event}",\n'
    )
    expect(new.locator(".attempts li")).to_have_count(1)
    expect(new.locator(".attempts li")).to_contain_text("204 No Content")
    expect(new.locator(".attempts li")).to_contain_text(re.compile(r"[\d.]+ ms"))
    expect(new.locator(".signature")).to_contain_text(re.compile("t=[0-9]+,v1=[0-9a-f]{64} ✓ ver"))


def test_a_delivery_is_sent_again_by_its_button(page: Page, stack: Stack) -> None:
    change(stack, 102)
    page.goto(stack.inbox)
    new = card(page, 102)
    new.locator(".card > summary").click()

    new.get_by_role("button", name="Resend").click()

    expect(new.locator(".attempts li")).to_have_count(2)
    expect(new.locator(".card > summary")).to_contain_text("✓ delivered, resent")


def test_a_failing_receiver_gets_retries_until_it_works(page: Page, stack: Stack) -> None:
    page.goto(stack.inbox)
    page.get_by_role("button", name="Fail for 1 min").click()
    state = re.compile("The receiver answers 503 for (60|59|58) s")
    expect(page.locator("#receiver-state")).to_contain_text(state)

    change(stack, 103)

    new = card(page, 103)
    expect(new.locator(".card > summary")).to_contain_text(re.compile(r"↻ attempt \d in \d+ s"))
    new.locator(".card > summary").click()
    expect(new.get_by_role("button", name="Resend")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="Work again").click()
    expect(page.locator("#receiver-state")).to_have_text("The receiver works.")
    expect(new.locator(".card > summary")).to_contain_text(re.compile(r"✓ delivered at attempt \d"))
    expect(new.locator(".attempts li").first).to_contain_text("503 Service Unavailable")
    expect(new.locator(".attempts li").last).to_contain_text("204 No Content")


def test_while_convoy_is_down_an_event_waits_in_the_outbox(page: Page, stack: Stack) -> None:
    page.goto(stack.inbox)
    page.get_by_role("button", name="Convoy down for a minute").click()
    expect(page.locator("#convoy-state")).to_contain_text("Convoy answers 503")
    change(stack, 104)

    waiting = page.locator("#outbox-rows > li").filter(has_text="#104 ")
    expect(waiting).to_contain_text("Convoy did not take it (1 attempt): 503")
    expect(waiting).to_contain_text(re.compile(r"due in \d+ s"))
    expect(page.locator("#outbox-state")).to_contain_text("wait")
    page.get_by_role("button", name="Convoy up again").click()
    expect(page.locator("#convoy-state")).to_have_text("Convoy is up.")
    until(lambda: is_accepted(stack), seconds=PATIENCE_S)  # the breaker is closed for other tests


def test_the_portal_needs_no_token_and_shows_the_events(page: Page, stack: Stack) -> None:
    change(stack, 105)
    page.goto(stack.portal)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("article h3")).to_contain_text("/receiver")

    page.get_by_role("navigation").get_by_role("link", name="Events").click()

    expect(page.locator("summary").first).to_contain_text("#105 ")


def test_the_reference_sends_a_call_and_needs_no_other_host(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.api}/docs")
    create = page.locator(".opblock-post").first
    create.locator(".opblock-summary-control").click()
    create.locator("textarea").fill(json.dumps(NEW))

    create.get_by_role("button", name="Execute").click()

    answer = create.locator(".live-responses-table")
    expect(answer).to_contain_text(f"{title(RESOURCE.name)} added.")
    expect(answer).to_contain_text("webhook-status: accepted")


ATTACK = """async ({ port, path, body }) => {
  const url = `http://localhost:${port}/`;
  const image = new Image();
  const ended = new Promise((end) => { image.onload = image.onerror = end; });
  image.src = url + path;
  await ended;
  for (const type of ["text/plain", "application/x-www-form-urlencoded"]) {
    const headers = { "content-type": type };
    await fetch(url + path, { method: "POST", mode: "no-cors", headers, body });
  }
  const headers = { "x-amz-target": "DynamoDB_20120810.ListTables" };
  const read = await fetch(url, { method: "POST", headers, body: "{}" }).catch(() => null);
  const outage = { method: "PUT", body: '{"seconds": 60}' };
  const pressed = await fetch(`${url}inbox/convoy`, outage).catch(() => null);
  return [read, pressed].map((answer) => answer && answer.status);
}"""


@pytest.fixture
def attacker(browser: Browser) -> Iterator[Page]:
    """A page of another origin, with a link."""
    app = Starlette(routes=[Route("/", lambda _: HTMLResponse("<a href=/>Open</a>"))])
    with server.running(app) as url, browser.new_context() as context:
        page = context.new_page()
        page.goto(url)
        yield page


def test_a_page_of_another_origin_reads_and_changes_nothing(attacker: Page, stack: Stack) -> None:
    before = httpx.get(stack.inbox).json()["events"]

    sent = {"path": RESOURCE.name, "body": json.dumps(NEW)}
    for port in ports_of(children_of(stack.process.pid)):
        assert attacker.evaluate(ATTACK, sent | {"port": port}) == [None, None]

    assert httpx.get(stack.inbox).json()["events"] == before


def test_a_name_that_resolves_to_this_machine_opens_nothing(browser: Browser, stack: Stack) -> None:
    with browser.new_context() as context:
        for port in ports_of(children_of(stack.process.pid)):
            answer = context.new_page().goto(f"http://attacker.example:{port}/")
            assert answer is not None
            assert (answer.status, "is not this machine" in answer.text()) == (403, True)


def test_a_link_of_another_site_opens_the_pages(attacker: Page, stack: Stack) -> None:
    reference = f"{stack.api}/docs"
    pages = ((stack.inbox, "Inbox"), (stack.portal, "Webhooks"), (reference, "API reference"))
    for url, page_title in pages:
        attacker.evaluate("url => { document.querySelector('a').href = url }", url)
        attacker.get_by_text("Open").click()
        expect(attacker).to_have_title(re.compile(page_title))
        attacker.go_back()
