"""The portal in a browser, with the real API: two owners, each with a token of their own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.integration.browser.portal import act, dialog, secret

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.integration.browser.portal import Api
    from tests.support import JsonObject


# ---- signing in


def test_the_token_is_kept_by_the_tab_alone_and_never_in_the_address(api: Api, page: Page) -> None:
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    api.sign_in(page, "ann")
    page.reload()
    expect(page.locator("#state")).to_have_text("Live")
    assert page.evaluate("localStorage.length") == 0
    assert page.context.cookies() == []
    assert not [each for each in [page.url, *addresses] if "ann" in each]
    act(page, "Sign out")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_a_token_is_sent_encrypted_only_and_is_no_longer_used_once_rejected(
    api: Api, page: Page
) -> None:
    page.goto(f"{api.url}/portal")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.get_by_label("Address of the API").fill("http://api.example.com")
    page.get_by_label("Token").fill("nobody")
    act(page, "Sign in")
    expect(page.get_by_role("alert")).to_contain_text("must begin with https://")
    assert requests == []

    page.get_by_label("Address of the API").fill(api.url)
    page.keyboard.press("Enter")
    reason = "Authentication required: the token is not valid."
    expect(page.get_by_role("alert")).to_have_text(reason)
    expect(page.get_by_role("navigation")).to_be_hidden()

    api.sign_in(page, "ann")
    of_gateway: JsonObject = {"status": 401, "json": {"message": "Unauthorized"}}
    page.route("**/webhooks/*", lambda route: route.fulfill(**of_gateway))
    page.get_by_role("link", name="Deliveries").click()
    expect(page.get_by_role("alert")).to_contain_text("The API did not accept the token.")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_two_owners_see_only_what_is_theirs(api: Api, browser: Browser, page: Page) -> None:
    api.endpoint("ann", f"{api.convoy.receiver}?of=ann")
    api.endpoint("bob", f"{api.convoy.receiver}?of=bob")
    for owner in ("ann", "bob"):
        api.change(owner, f"A todo of {owner}")
    api.convoy.deliveries()
    others = browser.new_page()

    for tab, owner, other in ((page, "ann", "bob"), (others, "bob", "ann")):
        api.sign_in(tab, owner)
        expect(tab.locator("article")).to_have_count(1)
        expect(tab.locator("#view")).to_contain_text(f"of={owner}")
        expect(tab.locator("#view")).not_to_contain_text(f"of={other}")
        tab.get_by_role("link", name="Deliveries").first.click()
        expect(tab.locator("summary")).to_have_count(1)
        expect(tab.locator("#view")).not_to_contain_text(f"of={other}")
        tab.get_by_role("link", name="Events").click()
        expect(tab.locator("summary")).to_have_count(1)
        expect(tab.locator("summary")).to_contain_text(f"A todo of {owner}")
    others.close()


def test_after_a_sign_out_the_next_owner_finds_nothing(api: Api, page: Page) -> None:
    api.endpoint("ann", f"{api.convoy.receiver}?of=ann")
    api.sign_in(page, "ann")
    expect(page.locator("article")).to_have_count(1)
    act(page, "Show secret")
    expect(dialog(page).locator(".secret")).to_be_visible()
    shown = secret(page)

    act(page, "Sign out")
    assert "of=ann" not in page.content()
    assert shown not in page.content()
    page.get_by_label("Token").fill("bob")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No endpoint yet.")).to_be_visible()
    assert "of=ann" not in page.content()


def test_anothers_delivery_and_event_are_answered_like_missing_ones(api: Api, page: Page) -> None:
    made = api.endpoint("ann")
    event = api.change("ann", "A todo of ann")
    api.convoy.deliveries()

    api.sign_in(page, "bob", f"events?id={event}")
    expect(page.get_by_text("The log has no event with this id.")).to_be_visible()
    page.goto(f"{api.url}/portal/#/deliveries?event={event}")
    expect(page.get_by_text("No delivery.")).to_be_visible()
    page.goto(f"{api.url}/portal/#/deliveries?endpoint={made['id']}")
    expect(page.get_by_role("alert")).not_to_be_empty()
    expect(page.locator("summary")).to_have_count(0)


# ---- endpoints


def test_an_endpoint_is_made_once_its_address_is_right(api: Api, page: Page) -> None:
    api.sign_in(page, "ann")
    act(page, "New endpoint …")
    address = page.get_by_label("Address", exact=True)
    address.fill("https://user:pass@example.com/")
    act(page, "Create")
    expect(address).to_have_attribute("aria-invalid", "true")
    expect(address).to_be_focused()
    expect(address).to_have_accessible_description(re.compile(r"\w"))
    expect(dialog(page).get_by_role("alert")).to_contain_text("url")
    assert api.call("ann", "GET", "/webhooks/endpoints").json()["data"] == []

    address.fill(api.convoy.receiver)
    page.get_by_label("Description").fill("The shop")
    page.get_by_label("Only these types").check()
    page.get_by_label("created").check()
    page.get_by_label("deleted").check()
    act(page, "Create")

    shown = secret(page)
    (made,) = api.call("ann", "GET", "/webhooks/endpoints").json()["data"]
    assert (made["url"], made["description"]) == (api.convoy.receiver, "The shop")
    assert sorted(made["event_types"]) == ["created", "deleted"]
    path = f"/webhooks/endpoints/{made['id']}/secret"
    assert shown == api.call("ann", "GET", path).json()["data"]["secret"]
    card = page.locator("article")
    expect(card).to_contain_text("✓ active")
    expect(card.locator(".chips li")).to_have_count(2)
    assert shown not in page.content()


def test_an_endpoint_is_edited_paused_resumed_rotated_tested_and_deleted(
    api: Api, page: Page
) -> None:
    api.endpoint("ann")
    api.sign_in(page, "ann")
    card = page.locator("article")
    act(page, "Edit …")
    page.get_by_label("Description").fill("Another one")
    page.get_by_label("Everything").check()
    act(page, "Save")
    expect(card).to_contain_text("Another one")
    expect(card).to_contain_text("all, also types that come later")

    act(page, "Pause")
    expect(card).to_contain_text("paused")
    for name in ("Send a test", "Recover …"):
        expect(page.get_by_role("button", name=name)).to_be_disabled()
    expect(page.get_by_role("button", name="Resume")).to_be_focused()
    page.keyboard.press("Enter")
    expect(card).to_contain_text("✓ active")

    act(page, "Show secret")
    old = secret(page)
    act(page, "Rotate secret …")
    page.get_by_label("Hours that the old secret still signs").fill("2")
    act(page, "Rotate")
    new = secret(page)
    assert new != old
    act(page, "Show secret")
    assert secret(page) == new

    act(page, "Send a test")
    page.get_by_role("link", name="its delivery").click()
    expect(page.locator("summary")).to_contain_text("✓ delivered")
    page.get_by_role("link", name="Endpoints").click()

    act(page, "Delete …")
    act(page, "Delete")
    expect(card).to_have_count(0)
    expect(page.get_by_role("heading", name="Endpoints")).to_be_focused()
    assert api.call("ann", "GET", "/webhooks/endpoints").json()["data"] == []
