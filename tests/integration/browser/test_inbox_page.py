"""The inbox page: any event, any width, the keyboard, and a lost connection."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from infra.fake_convoy import application as stand_in
from infra.fake_convoy import inbox as stand_in_inbox
from infra.fake_convoy import server

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.stand_in import Convoy

ITEM = "Write the tests, every one of them, until nothing is left untested. " * 5


def send(convoy: Convoy, key: str, event_type: str = "created", **data: Any) -> None:
    payload = {"event": f"todo.{event_type}", "id": key, **data}
    event = {"owner_id": "ann", "event_type": event_type, "idempotency_key": key, "data": payload}
    convoy.ask("POST", "/events/fanout", json=event)


def todo(item: str = "Write the tests", todo_id: int = 1) -> dict[str, Any]:
    return {"id": todo_id, "item": item, "completed": False, "version": 1}


@pytest.fixture
def inbox(convoy: Convoy, page: Page) -> Page:
    """An empty inbox, connected."""
    page.goto(f"{convoy.url}/inbox")
    expect(page.locator("#state")).to_have_text("0 events, live")
    return page


def test_the_newest_event_is_the_first(convoy: Convoy, inbox: Page) -> None:
    for key, event_type in (("e1", "created"), ("e2", "updated"), ("e3", "deleted")):
        send(convoy, key, event_type, todo=todo())

    expect(inbox.locator("#state")).to_have_text("3 events, live")
    assert inbox.locator("summary .type").all_inner_texts() == ["deleted", "updated", "created"]


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
    inbox.locator("summary").click()
    inbox.get_by_role("button", name="Resend").click()

    expect(outcome).to_have_text("✓ delivered")


def test_markup_in_a_payload_is_shown_as_text(convoy: Convoy, inbox: Page) -> None:
    markup = "<img src=x onerror=\"document.title='taken'\"><b>x</b>"
    send(convoy, "<i>e1</i>", "<u>type", todo=todo(markup))

    expect(inbox.locator("summary .about")).to_have_text(f"#1 {markup}")
    expect(inbox.locator("summary .type")).to_have_text("<u>type")
    inbox.locator("summary").click()
    expect(inbox.locator("dl")).to_contain_text("<i>e1</i>")
    expect(inbox).to_have_title("Inbox")


def test_any_resource_is_shown_and_searched_as_a_todo_is(convoy: Convoy, inbox: Page) -> None:
    send(convoy, "e1", order={"id": "A-1", "lines": 2, "customer": "Ann"})
    send(convoy, "e2", "failed", order_id="B-2")

    expect(inbox.locator("summary .about")).to_have_text(["#B-2", "#A-1 Ann"])
    inbox.get_by_label("Search").fill("#a-1")
    expect(inbox.locator("summary .about")).to_have_text(["#A-1 Ann"])


@pytest.mark.parametrize("data", [None, [1], "text", {"todo": [1]}, {"todo": "x", "todo_id": 0}])
def test_a_payload_of_any_shape_is_shown(convoy: Convoy, inbox: Page, data: object) -> None:
    event = {"owner_id": "ann", "event_type": "odd", "idempotency_key": "e1", "data": data}
    convoy.ask("POST", "/events/fanout", json=event)

    expect(inbox.locator("summary .type")).to_have_text("odd")


def test_a_search_shows_events_whose_type_or_id_begins_with_it(convoy: Convoy, inbox: Page) -> None:
    send(convoy, "e1", todo=todo(todo_id=42))
    send(convoy, "e2", "deleted", todo=todo(todo_id=7))
    expect(inbox.locator("#state")).to_have_text("2 events, live")

    inbox.keyboard.press("/")
    for text, found in (("del", "deleted"), ("42", "created"), ("e2", "deleted")):
        inbox.get_by_label("Search").fill(text)
        expect(inbox.locator("summary .type")).to_have_text([found])
    inbox.get_by_label("Search").fill("nothing")
    expect(inbox.get_by_text("type or id begins with this text.")).to_be_visible()
    expect(inbox.locator("#empty")).to_be_hidden()
    send(convoy, "nothing-else")
    expect(inbox.locator("#state")).to_have_text("1 event found, live")
    inbox.get_by_label("Search").fill("")
    expect(inbox.locator("#state")).to_have_text("3 events, live")


def test_everything_works_by_keyboard(convoy: Convoy, inbox: Page) -> None:
    convoy.endpoint("ann")
    send(convoy, "e1", todo=todo())
    expect(inbox.locator("summary")).to_contain_text("✓ delivered")
    expect(inbox.locator("#empty")).to_be_hidden()

    inbox.keyboard.press("/")
    expect(inbox.get_by_label("Search")).to_be_focused()
    for _ in range(3):  # past the buttons of the receiver
        inbox.keyboard.press("Tab")
    expect(inbox.locator("summary")).to_be_focused()
    inbox.keyboard.press("Enter")
    expect(inbox.locator("details")).to_have_attribute("open", "")
    for _ in range(2):  # past the payload, which scrolls
        inbox.keyboard.press("Tab")
    resend = inbox.get_by_role("button", name="Resend")
    expect(resend).to_be_focused()
    for attempts in (2, 3):
        inbox.keyboard.press("Enter")
        expect(inbox.locator(".attempts li")).to_have_count(attempts)
        expect(inbox.locator("#confirmation")).to_have_text("Sent again.")
        expect(resend).to_be_focused()


def test_the_focus_stays_on_the_receivers_buttons(inbox: Page) -> None:
    inbox.get_by_role("button", name="Fail for 1 min").focus()
    inbox.keyboard.press("Enter")
    expect(inbox.get_by_role("button", name="Work again")).to_be_focused()
    expect(inbox.locator("#confirmation")).to_have_text("The receiver fails for 60 seconds.")
    inbox.keyboard.press("Enter")
    expect(inbox.get_by_role("button", name="Fail for 10 s")).to_be_focused()


@pytest.mark.parametrize("ahead_s", [-300, 300])
def test_the_browsers_clock_does_not_matter(convoy: Convoy, page: Page, ahead_s: int) -> None:
    page.clock.install(time=time.time() + ahead_s)
    page.goto(f"{convoy.url}/inbox")
    page.get_by_role("button", name="Fail for 1 min").click()

    state = re.compile("The receiver answers 503, for (60|[1-5]?[0-9]) s")
    expect(page.locator("#receiver-state")).to_have_text(state)


def test_only_the_newest_events_are_shown(
    convoy: Convoy, inbox: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stand_in_inbox, "NEWEST", 20)
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


def test_an_update_keeps_the_selected_text(convoy: Convoy, inbox: Page) -> None:
    convoy.endpoint("ann")
    send(convoy, "e1", todo=todo(ITEM * 20))
    inbox.locator("summary").click()
    inbox.evaluate("getSelection().selectAllChildren(document.querySelector('pre[role=region]'))")
    selected = inbox.evaluate("getSelection().toString()")

    inbox.get_by_role("button", name="Resend").click()

    expect(inbox.locator(".attempts li")).to_have_count(2)
    assert inbox.evaluate("getSelection().toString()") == selected != ""
    box = inbox.get_by_role("region", name="Payload").bounding_box()
    assert box is not None
    assert box["height"] < 500


def test_an_open_card_stays_open_when_it_changes(convoy: Convoy, inbox: Page) -> None:
    convoy.endpoint("ann")
    send(convoy, "e1", todo=todo())
    inbox.locator("summary").click()

    (delivery,) = convoy.deliveries()
    convoy.ask("POST", "/eventdeliveries/forceresend", json={"ids": [delivery["uid"]]})

    expect(inbox.locator(".attempts li")).to_have_count(2)
    expect(inbox.locator("details")).to_have_attribute("open", "")


def test_a_refused_action_is_reported(convoy: Convoy, inbox: Page) -> None:
    convoy.endpoint("ann")
    send(convoy, "e1", todo=todo())
    expect(inbox.locator("summary")).to_contain_text("✓ delivered")
    inbox.locator("summary").click()
    expect(inbox.locator("details")).to_have_attribute("open", "")
    inbox.route("**/resend", lambda route: route.fulfill(status=409, json={"message": "Not now."}))

    inbox.get_by_role("button", name="Resend").click()

    expect(inbox.get_by_role("alert")).to_have_text("That did not work: Not now.")


def test_a_cleared_project_has_an_empty_inbox(convoy: Convoy, inbox: Page) -> None:
    send(convoy, "e1", todo=todo())
    expect(inbox.locator("#state")).to_have_text("1 event, live")

    convoy.reset()

    expect(inbox.locator("#empty")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 800, 1400])
def test_the_page_fits_the_window_with_enough_contrast(
    convoy: Convoy, inbox: Page, width: int, scheme: Any
) -> None:
    convoy.endpoint("ann")
    send(convoy, "fda3c152-30d6-4111-8c99-8b099a3e16df", todo=todo(ITEM, 2**53 - 1))
    send(convoy, "e2", todo=todo("x" * 500))
    inbox.set_viewport_size({"width": width, "height": 900})
    inbox.emulate_media(color_scheme=scheme)
    for summary in inbox.locator("summary").all():
        summary.click()

    assert inbox.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert [pair for pair in inbox.evaluate(CONTRASTS) if pair[1] < 4.5] == []


CONTRASTS = """() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const light = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const linear = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((value) => {
      const part = value / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const behind = (node) => {
    const { backgroundColor } = getComputedStyle(node);
    return backgroundColor === 'rgba(0, 0, 0, 0)' ? behind(node.parentElement) : backgroundColor;
  };
  const texts = [...document.querySelectorAll('body *')].filter((node) => node.checkVisibility()
    && [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()));
  return texts.map((node) => {
    const [a, b] = [light(getComputedStyle(node).color), light(behind(node))].sort((x, y) => y - x);
    return [node.className || node.tagName, (a + 0.05) / (b + 0.05)];
  });
}"""
"""The contrast (WCAG 2) between the text of each element and its background."""


def test_a_lost_connection_is_reported_and_restored(page: Page) -> None:
    with server.running(stand_in.build()) as url:
        page.goto(f"{url}/inbox")
        expect(page.locator("#state")).to_have_text("0 events, live")
    expect(page.locator("#state")).to_contain_text("Connection lost; trying again.")

    with server.running(stand_in.build(), port=int(url.rpartition(":")[2])):
        expect(page.locator("#state")).to_have_text("0 events, live")


def test_an_action_without_a_connection_is_reported_as_failed(page: Page) -> None:
    with server.running(stand_in.build()) as url:
        page.goto(f"{url}/inbox")
        expect(page.locator("#state")).to_have_text("0 events, live")
    page.get_by_role("button", name="Fail for 10 s").click()

    expect(page.get_by_role("alert")).to_contain_text("That did not work: ")
