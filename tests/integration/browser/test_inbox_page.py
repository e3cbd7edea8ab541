"""The inbox page: any event, its outcomes, the search, the keyboard."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from infra.fake_convoy.inbox import stream
from tests.integration.browser.inbox import press, send, summaries, todo

if TYPE_CHECKING:
    import pytest
    from playwright.sync_api import Page

    from tests.stand_in import Convoy

ITEM = "Write the tests, every one of them, until nothing is left untested. " * 5


def test_the_newest_event_is_the_first(convoy: Convoy, inbox: Page) -> None:
    for key, event_type in (("e1", "created"), ("e2", "updated"), ("e3", "deleted")):
        send(convoy, key, event_type, todo=todo())

    expect(inbox.locator("#state")).to_have_text("3 events, live")
    assert inbox.locator(".card .type").all_inner_texts() == ["deleted", "updated", "created"]


def test_each_outcome_has_its_own_text(convoy: Convoy, inbox: Page) -> None:
    send(convoy, "e0")
    convoy.endpoint("ann")
    send(convoy, "e1")
    send(convoy, "e1")
    convoy.deliveries()
    convoy.let_the_receiver_fail()
    send(convoy, "e2")

    outcomes = inbox.locator("summary .outcome")
    expect(outcomes.first).to_have_text("✗ failed after 3 attempts")
    assert outcomes.all_inner_texts()[1:] == [
        "duplicate: not sent", "✓ delivered", "no subscription matched this event",
    ]  # fmt: skip


def test_each_stage_of_a_waiting_event_is_shown(convoy: Convoy, inbox: Page) -> None:
    outcome = inbox.locator("summary .outcome")
    convoy.endpoint("ann")
    convoy.stop_worker("matching", "deliveries", "attempts")
    send(convoy, "e1")
    expect(outcome).to_have_text("… pending")
    convoy.start_worker("matching")
    expect(outcome).to_have_text("… scheduled")
    convoy.start_worker("deliveries")
    expect(outcome).to_have_text("… sending")
    convoy.start_worker()
    expect(outcome).to_have_text("✓ delivered")


def test_a_discarded_delivery_can_be_resent(convoy: Convoy, inbox: Page) -> None:
    endpoint = convoy.endpoint("ann")
    convoy.ask("PUT", f"/endpoints/{endpoint}/pause")
    send(convoy, "e1")
    outcome = inbox.locator("summary .outcome")
    expect(outcome).to_have_text("✗ discarded")

    convoy.ask("PUT", f"/endpoints/{endpoint}/pause")
    summaries(inbox).click()
    expect(inbox.locator(".healing")).to_contain_text("Once it is active, resend it here")
    press(inbox, "Resend")

    expect(outcome).to_have_text("✓ delivered")


def test_two_endpoints_and_a_failed_request_are_told_apart(convoy: Convoy, inbox: Page) -> None:
    convoy.endpoint("ann")
    convoy.endpoint("ann", f"{convoy.receiver}?mine")
    send(convoy, "e1", "failed", todo_id=99, description="Todo not found.")

    expect(inbox.locator("summary .outcome")).to_have_text(
        ["/receiver ✓ delivered", "/receiver?mine ✓ delivered"]
    )
    expect(inbox.locator("summary .type.bad")).to_have_text("failed")
    expect(inbox.locator("summary .about")).to_have_text("#99 Todo not found.")


def test_markup_in_a_payload_is_shown_as_text(convoy: Convoy, inbox: Page) -> None:
    markup = "<img src=x onerror=\"document.title='taken'\"><b>x</b>"
    send(convoy, "<i>e1</i>", "<u>type", todo=todo(markup))

    expect(inbox.locator("summary .about")).to_have_text(f"#1 {markup}")
    expect(inbox.locator("summary .type")).to_have_text("<u>type")
    summaries(inbox).click()
    expect(inbox.locator("dl")).to_contain_text("<i>e1</i>")
    expect(inbox).to_have_title("Inbox")


def test_a_payload_of_any_shape_is_shown(convoy: Convoy, inbox: Page) -> None:
    shapes: list[Any] = [None, [1], "text", {"todo": [1]}, {"todo": "x", "todo_id": 0}]
    for data in shapes:
        convoy.ask(
            "POST", "/events/fanout", json={"owner_id": "ann", "event_type": "odd", "data": data}
        )

    expect(inbox.locator("summary .type")).to_have_text(["odd"] * len(shapes))


def test_events_are_found_by_text_by_state_and_without_reads(convoy: Convoy, inbox: Page) -> None:
    send(convoy, "e1", order={"id": "A-1", "lines": 2, "customer": "Ann"})
    convoy.endpoint("ann")
    send(convoy, "second", "deleted", todo=todo(todo_id=7))
    send(convoy, "e3", "retrieved")
    expect(inbox.locator("#state")).to_have_text("3 events, live")
    about, state = inbox.locator("summary .about"), inbox.locator("#state")

    inbox.keyboard.press("/")
    for text, found in (
        ("elete", "#7 Write the tests"),
        ("#a-1", "#A-1 Ann"),
        ("ann second", "#7"),
    ):
        inbox.keyboard.press("Control+a")
        inbox.keyboard.type(text)
        expect(state).to_have_text("1 event found, live")
        expect(about).to_contain_text([found])
    inbox.get_by_label("Search").fill("nothing")
    expect(inbox.get_by_text("No event matches.")).to_be_visible()
    expect(inbox.locator("#empty")).to_be_hidden()

    inbox.get_by_label("Search").fill("")
    inbox.get_by_label("Hide reads").check()
    expect(state).to_have_text("2 events found, live")
    inbox.get_by_label("State").select_option("not sent")
    expect(about).to_have_text(["#A-1 Ann"])


def test_an_event_leaves_the_search_when_its_state_does(convoy: Convoy, inbox: Page) -> None:
    convoy.endpoint("ann")
    convoy.stop_worker("attempts")
    inbox.get_by_label("State").select_option("on the way")
    expect(inbox.locator("#state")).to_have_text("0 events found, live")
    send(convoy, "e1")
    summaries(inbox).click()
    convoy.start_worker()

    expect(inbox.locator("summary .outcome")).to_have_text("✓ delivered")  # somebody reads it
    summaries(inbox).click()
    expect(summaries(inbox)).to_have_count(0)


def copied(page: Page, button: str, begins: str) -> str:
    """What the button copies."""
    press(page, button)
    page.wait_for_function(
        "async (text) => (await navigator.clipboard.readText()).startsWith(text)", arg=begins
    )
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def test_a_link_opens_one_event(convoy: Convoy, inbox: Page) -> None:
    for key in ("first", "second", "third"):  # no ULID has an I or an O
        send(convoy, key)
    inbox.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(summaries(inbox)).to_have_count(3)  # else the second one may still be another
    summaries(inbox).nth(1).click()
    link = copied(inbox, "Copy link", "http")

    inbox.goto("about:blank")
    inbox.goto(link)

    expect(inbox.locator("#state")).to_have_text("1 event found, live")
    expect(inbox.locator("dl code").first).to_have_text("second")
    assert json.loads(copied(inbox, "Copy payload", "{"))["id"] == "second"
    assert copied(inbox, "Copy the event\u2019s id", "s") == "second"
    inbox.get_by_label("Search").fill("")
    expect(inbox.locator("#state")).to_have_text("3 events, live")
    assert "#" not in inbox.url


def test_a_link_with_any_text_opens_the_page(convoy: Convoy, inbox: Page) -> None:
    """It may be somebody else's."""
    send(convoy, "e1")
    inbox.goto("about:blank")
    inbox.goto(f"{convoy.url}/inbox#event=%")

    expect(inbox.locator("#state")).to_have_text("0 events found, live")


def test_a_page_that_opens_the_inbox_has_no_hold_on_it(convoy: Convoy, page: Page) -> None:
    """It could put a page of its own in place of it, when nobody looks."""
    with page.expect_popup() as opened:
        page.evaluate("url => { window.inbox = open(url); }", f"{convoy.url}/inbox")

    expect(opened.value).to_have_title("Inbox")
    page.wait_for_function("inbox.closed")  # says the browser: the page is there


def test_an_attempt_shows_its_request_and_the_answer(convoy: Convoy, inbox: Page) -> None:
    convoy.endpoint("ann")
    convoy.let_the_receiver_fail()
    send(convoy, "e1")
    summaries(inbox).click()
    expect(inbox.locator(".attempts > li")).to_have_count(3)
    inbox.get_by_text("Request and answer").first.click()

    headers = inbox.get_by_role("group", name="Request headers")
    expect(headers).to_contain_text("X-Convoy-Idempotency-Key: e1")
    expect(inbox.get_by_role("group", name="Answer", exact=True)).to_contain_text("on request.")
    press(inbox, "Resend")
    expect(inbox.locator(".attempts > li")).to_have_count(4)
    expect(headers).to_be_visible()


def test_a_time_of_another_day_has_its_date(convoy: Convoy, inbox: Page) -> None:
    send(convoy, "e1")
    year, shown = str(time.gmtime().tm_year), inbox.locator("summary time")
    expect(shown).not_to_contain_text(year)

    inbox.clock.install(time=time.time() + 86_400)
    inbox.reload()

    expect(shown).to_contain_text(year)


def test_everything_works_by_keyboard(convoy: Convoy, inbox: Page) -> None:
    convoy.endpoint("ann")
    send(convoy, "e1", todo=todo())
    expect(summaries(inbox)).to_contain_text("✓ delivered")
    expect(inbox.locator("#empty")).to_be_hidden()

    inbox.keyboard.press("/")
    expect(inbox.get_by_label("Search")).to_be_focused()
    for _ in range(3):  # past the other filters
        inbox.keyboard.press("Tab")
    expect(summaries(inbox)).to_be_focused()
    inbox.keyboard.press("Enter")
    expect(inbox.locator(".card")).to_have_attribute("open", "")
    for _ in range(6):  # past the copy buttons, the link and the payload, which scrolls
        inbox.keyboard.press("Tab")
    resend = inbox.get_by_role("button", name="Resend")
    expect(resend).to_be_focused()
    for attempts in (2, 3):
        inbox.keyboard.press("Enter")
        expect(inbox.locator(".attempts > li")).to_have_count(attempts)
        expect(resend).to_be_focused()


def test_an_update_keeps_the_selected_text(convoy: Convoy, inbox: Page) -> None:
    convoy.endpoint("ann")
    send(convoy, "e1", todo=todo(ITEM * 20))
    summaries(inbox).click()
    payload = inbox.get_by_role("group", name="Payload")
    payload.evaluate("payload => getSelection().selectAllChildren(payload)")
    selected = inbox.evaluate("getSelection().toString()")

    press(inbox, "Resend")

    expect(inbox.locator(".attempts > li")).to_have_count(2)
    assert inbox.evaluate("getSelection().toString()") == selected != ""
    box = payload.bounding_box()
    assert box is not None
    assert box["height"] < 500


def test_only_the_newest_events_are_shown(
    convoy: Convoy, inbox: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "NEWEST", 20)
    convoy.endpoint("ann")
    for number in range(1, 31):
        send(convoy, f"e{number}", todo=todo(todo_id=number))
    oldest = convoy.deliveries()[-1]["uid"]
    inbox.reload()
    expect(inbox.locator("#state")).to_have_text("the newest 20 of 30 events, live")

    convoy.ask("POST", "/eventdeliveries/forceresend", json={"ids": [oldest]})
    convoy.deliveries()
    send(convoy, "e31", todo=todo(todo_id=31))

    expect(inbox.locator("#state")).to_have_text("the newest 20 of 31 events, live")
    ids = [text.split()[0] for text in inbox.locator("summary .about").all_inner_texts()]
    assert ids == [f"#{number}" for number in range(31, 11, -1)]
