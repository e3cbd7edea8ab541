"""The inbox page while something fails, while somebody reads, in each width and scheme."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import expect

from infra.fake_convoy import application as stand_in
from infra.fake_convoy import server
from infra.fake_convoy.deliveries import Backoff
from tests.integration.browser.inbox import press, send, summaries, todo
from tests.integration.browser.layout import check_layout
from tests.integration.infra.inbox_stream import row
from tests.stand_in import Convoy
from tests.support import PATIENCE_S

if TYPE_CHECKING:
    from playwright.sync_api import Page


LONG = "Write the tests, every one of them, until nothing is left untested. " * 5


def top(page: Page) -> float:
    box = page.locator(".card[open]").bounding_box()
    assert box is not None
    return box["y"]


def test_new_events_wait_behind_the_pill_while_a_card_is_open(convoy: Convoy, inbox: Page) -> None:
    send(convoy, "e1")
    summaries(inbox).click()
    before = top(inbox)
    for key in ("e2", "e3"):
        send(convoy, key)

    pill = inbox.get_by_role("button", name="2 new")
    expect(pill).to_be_visible()
    expect(inbox.locator("#state")).to_have_text("3 events, live")
    assert top(inbox) == before
    pill.click()
    expect(summaries(inbox)).to_have_count(3)
    expect(summaries(inbox).first).to_be_focused()
    expect(inbox.locator("#new")).to_be_hidden()

    send(convoy, "e4")
    expect(inbox.get_by_role("button", name="1 new")).to_be_visible()
    summaries(inbox).last.click()  # closed: nobody reads any more
    expect(summaries(inbox)).to_have_count(4)


def test_nothing_above_the_events_changes_its_height(convoy: Convoy, inbox: Page) -> None:
    send(convoy, "e1")
    summaries(inbox).click()
    before = top(inbox)
    for name in ("Fail for 1 min", "Convoy down for a minute", "Hold for a minute"):
        press(inbox, name)
    press(inbox, "Convoy up again")
    expect(inbox.locator(".control.fails")).to_have_count(2)
    assert top(inbox) == before


def test_a_confirmation_ends_by_itself(convoy: Convoy, page: Page) -> None:
    page.clock.install()
    page.goto(f"{convoy.url}/inbox")
    expect(page.locator("#state")).to_have_text("0 events, live")
    page.clock.pause_at(time.time() + 60)
    press(page, "Fail for 1 min")
    expect(page.locator("#confirmation")).to_have_text("The receiver fails.")
    page.clock.fast_forward(6_000)
    expect(page.locator("#confirmation")).to_be_hidden()


def test_the_focus_stays_on_the_receivers_buttons(inbox: Page) -> None:
    inbox.get_by_role("button", name="Fail for 1 min").focus()
    inbox.keyboard.press("Enter")
    expect(inbox.get_by_role("button", name="Work again")).to_be_focused()
    inbox.keyboard.press("Enter")
    expect(inbox.get_by_role("button", name="Fail for 10 s")).to_be_focused()


@pytest.mark.parametrize("ahead_s", [-300, 300])
def test_the_browsers_clock_does_not_matter(convoy: Convoy, page: Page, ahead_s: int) -> None:
    page.clock.install(time=time.time() + ahead_s)
    page.goto(f"{convoy.url}/inbox")
    press(page, "Convoy down for a minute")

    state = re.compile("Convoy answers 503 for (60|[1-5]?[0-9]) s")
    expect(page.locator("#convoy-state")).to_have_text(state)


def test_what_is_queued_is_held_lost_and_shown_as_lost(convoy: Convoy, inbox: Page) -> None:
    convoy.endpoint("ann")
    convoy.stop_worker("deliveries")
    lose = inbox.get_by_role("button", name="Lose what is queued")
    expect(lose).to_have_attribute("aria-disabled", "true")
    send(convoy, "e1")
    expect(inbox.locator("#queue-state")).to_have_text("1 job queued.")
    lose.click()

    expect(inbox.locator("#queue-state")).to_have_text("Nothing is queued.")
    expect(inbox.locator("summary .outcome")).to_contain_text("✗ lost")
    summaries(inbox).click()
    expect(inbox.locator(".healing")).to_contain_text("The relay finds deliveries that hang")


ROWS = [
    row("e1", data={"todo": todo(LONG)}),
    row("e2", due_at="2999-01-01T00:00:00+00:00", attempts=1, reason="503: down. " * 20),
    row("e3", state="failed", reason="400: refused."),
    row("e4", due_at=None, state="unreadable", reason="outbox row e4 can't be read"),
    *(row(f"e{number}") for number in range(5, 60)),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_state_fits_the_window_and_axe_finds_nothing(page: Page, scheme: Any) -> None:
    """Axe looks at one width: the others have the same elements."""
    page.emulate_media(color_scheme=scheme)
    app = stand_in.build(backoff=Backoff(3600), read_outbox=lambda: ROWS)
    with server.running(app) as url, httpx.Client(timeout=PATIENCE_S) as http:
        page.goto(f"{url}/inbox")
        expect(page.locator("#outbox-rows > li")).to_have_count(51)
        _fill(Convoy(url, http), page)
        check_layout(page)
        page.get_by_label("Search").fill("no match " * 30)
        expect(page.locator("#no-match")).to_be_visible()
    expect(page.locator("#state")).to_contain_text("Connection lost")
    check_layout(page)


def _fill(convoy: Convoy, page: Page) -> None:
    """Events of each outcome, one of them open, with long texts; a problem; the pill."""
    convoy.endpoint("ann")
    convoy.endpoint("ann", f"{convoy.receiver}?{'path=' * 60}")
    send(convoy, "e1", "failed", todo_id=99, description="Todo not found.")
    send(convoy, "e2", todo=todo("x" * 500))
    convoy.deliveries()
    convoy.let_the_receiver_fail()
    send(convoy, "fda3c152-30d6-4111-8c99-8b099a3e16df", todo=todo(LONG, 2**53 - 1))
    expect(summaries(page).first).to_contain_text("attempt 2 in")
    convoy.http.put(f"{convoy.url}/inbox/queue/lose")
    expect(summaries(page).first).to_contain_text("lost")
    for summary in summaries(page).all():
        summary.click()
    page.get_by_text("Request and answer").first.click()
    page.route("**/resend", lambda route: route.abort())
    press(page, "Convoy down for a minute")
    page.get_by_role("button", name="Resend").last.click()
    expect(page.get_by_role("alert")).to_contain_text("No answer")
    convoy.http.put(f"{convoy.url}/inbox/convoy", json={"seconds": 0})
    send(convoy, "e4")
    expect(page.get_by_role("button", name="1 new")).to_be_visible()


def test_without_a_connection_no_button_acts_until_it_is_restored(page: Page) -> None:
    with server.running(stand_in.build()) as url:
        page.goto(f"{url}/inbox")
        expect(page.locator("#state")).to_have_text("0 events, live")
    expect(page.locator("#state")).to_contain_text("Connection lost; trying again.")
    for button in page.locator("[data-action]").all():
        expect(button).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="Fail for 10 s").click(force=True)

    with server.running(stand_in.build(), port=int(url.rpartition(":")[2])):
        expect(page.locator("#state")).to_have_text("0 events, live")
        expect(page.get_by_role("alert")).to_have_count(0)
        expect(page.locator("#receiver-state")).to_have_text("The receiver works.")
        press(page, "Fail for 10 s")
        expect(page.locator("#receiver-state")).to_contain_text("503")


def test_an_action_without_an_answer_or_refused_is_a_sentence(inbox: Page) -> None:
    inbox.route("**/inbox/receiver", lambda route: route.abort())
    press(inbox, "Fail for 10 s")

    alert = inbox.get_by_role("alert")
    expect(alert).to_contain_text("it may or may not have been done")
    inbox.unroute("**/inbox/receiver")
    refused: Any = {"status": 403, "body": "Use a page of this server."}
    inbox.route("**/inbox/receiver", lambda route: route.fulfill(**refused))
    press(inbox, "Fail for 10 s")
    expect(alert).to_contain_text("403 Forbidden: Use a page of this server.")


def test_a_stream_that_is_refused_is_asked_for_again(convoy: Convoy, page: Page) -> None:
    refused: Any = {"status": 500, "body": "no"}
    page.route("**/inbox/stream*", lambda route: route.fulfill(**refused), times=1)
    page.goto(f"{convoy.url}/inbox")

    expect(page.locator("#state")).to_have_text("0 events, live")


def test_a_refused_action_is_reported(convoy: Convoy, inbox: Page) -> None:
    convoy.endpoint("ann")
    send(convoy, "e1", todo=todo())
    expect(summaries(inbox)).to_contain_text("✓ delivered")
    summaries(inbox).click()
    refused: Any = {"status": 409, "json": {"message": "Not now."}}
    inbox.route("**/resend", lambda route: route.fulfill(**refused))

    press(inbox, "Resend")

    expect(inbox.get_by_role("alert")).to_contain_text("That did not work: Not now.")
    press(inbox, "Dismiss")
    expect(inbox.get_by_role("alert")).to_have_count(0)


def test_a_cleared_project_has_an_empty_inbox(convoy: Convoy, inbox: Page) -> None:
    send(convoy, "e1", todo=todo())
    expect(inbox.locator("#state")).to_have_text("1 event, live")

    convoy.reset()

    expect(inbox.locator("#empty")).to_be_visible()
