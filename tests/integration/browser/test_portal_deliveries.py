"""The portal's deliveries and events in a browser, with the real API."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.integration.browser.portal import act

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.integration.browser.portal import Api

DELIVERIES = re.compile(r"/webhooks/deliveries(\?|$)")


def limited(url: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}limit=3"


def test_a_failed_delivery_shows_its_attempts_and_is_sent_again(api: Api, page: Page) -> None:
    api.endpoint("ann")
    api.convoy.let_the_receiver_fail()
    api.change("ann", "Try and try")
    api.convoy.deliveries()
    api.sign_in(page, "ann", "deliveries")
    summary = page.locator("summary")
    expect(summary).to_contain_text("✗ failed after 3 attempts")
    summary.click()
    attempts = page.get_by_role("list", name="Attempts").locator("li")
    expect(attempts).to_have_count(3)
    expect(attempts.first).to_contain_text("503 Service Unavailable")

    api.convoy.let_the_receiver_fail(0)
    act(page, "Send again")

    expect(page.locator("#confirmation")).to_have_text("Sent again.")
    expect(summary).to_contain_text("✓ delivered")
    expect(attempts).to_have_count(4)
    expect(attempts.last).to_contain_text("204 No Content")
    page.get_by_role("link", name="Its event").click()
    payload = page.locator("pre", has_text='"item": "Try and try"')  # the answers may be there yet
    expect(payload).to_be_visible()


def test_deliveries_are_filtered_and_older_ones_are_loaded(api: Api, page: Page) -> None:
    api.endpoint("ann")
    events = [api.change("ann", f"Todo {number}") for number in range(4)]
    api.convoy.deliveries()
    page.route(DELIVERIES, lambda route: route.continue_(url=limited(route.request.url)))
    api.sign_in(page, "ann", "deliveries")
    expect(page.locator("summary")).to_have_count(3)
    act(page, "Show older ones")
    expect(page.locator("summary")).to_have_count(4)

    page.get_by_label("Event id").fill(events[0])
    page.keyboard.press("Enter")
    expect(page.locator("summary")).to_have_count(1)
    expect(page.get_by_label("Event id")).to_be_focused()
    page.get_by_label("State").select_option("failed")
    expect(page.get_by_text("No delivery.")).to_be_visible()


def test_what_an_endpoint_missed_is_recovered(api: Api, page: Page) -> None:
    api.endpoint("ann")
    api.convoy.let_the_receiver_fail()
    for number in range(3):
        api.change("ann", f"Todo {number}")
    api.convoy.deliveries()
    api.convoy.let_the_receiver_fail(0)
    api.sign_in(page, "ann")
    page.get_by_role("article").get_by_role("link", name="3 deliveries").click()
    expect(page.locator("summary")).to_have_count(3)
    page.get_by_role("link", name="Endpoints").click()
    act(page, "Recover …")
    hour_ago = (datetime.now(UTC) - timedelta(hours=1)).astimezone()
    page.get_by_label("Since").fill(hour_ago.strftime("%Y-%m-%dT%H:%M"))
    act(page, "Send again")

    expect(page.locator("#confirmation")).to_have_text("3 deliveries sent again.")
    assert {each["status"] for each in api.convoy.deliveries()} == {"Success"}
    expect(page.get_by_role("article")).not_to_contain_text("Failed")


def test_events_appear_as_they_come(api: Api, page: Page) -> None:
    api.change_visibly("ann", "First")
    page.clock.install()
    api.sign_in(page, "ann", "events")
    expect(page.locator("summary")).to_have_count(1)
    page.locator("summary").click()
    expect(page.locator("pre")).to_contain_text('"event": "todo.created"')

    api.change_visibly("ann", "Second")
    page.clock.fast_forward("03")

    expect(page.locator("summary").first).to_contain_text("Second")
    expect(page.locator("#state")).to_have_text("2 events, live")
    expect(page.locator("pre")).to_contain_text('"item": "First"')
    types = page.get_by_label("Type")
    expect(types.locator("option")).to_have_text(["all", "created", "updated", "deleted"])
    types.select_option("deleted")
    expect(page.get_by_text("No event in this time.")).to_be_visible()
