"""The portal without its API or Convoy, by keyboard, in each width and scheme, and shut in."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from starlette.middleware.cors import CORSMiddleware
from starlette.staticfiles import StaticFiles

from infra.fake_convoy import server
from infra.local.portal import PORTAL
from tests.integration.browser.layout import check_layout
from tests.integration.browser.portal import serving
from tests.integration.deploy.test_cors import CORS

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_dynamodb import DynamoDBClient
    from playwright.sync_api import Page
    from starlette.types import ASGIApp

    from app.convoy.publisher import ConvoyPublisher
    from tests.integration.browser.portal import Api
    from tests.stand_in import Convoy
    from tests.support import JsonObject

MARKUP = "<img src=x onerror=\"document.title='taken'\"><b>Write the tests, every one.</b> " * 4


def test_a_lost_connection_is_reported_and_restored(
    dynamodb: DynamoDBClient, publisher: ConvoyPublisher, convoy: Convoy, page: Page
) -> None:
    page.clock.install()
    with serving(dynamodb, publisher, convoy) as api:
        api.sign_in(page, "ann", "events")
        expect(page.locator("#state")).to_have_text("0 events, live")
    expect(page.locator("#state")).to_have_text("Connection lost; trying again.")

    with serving(dynamodb, publisher, convoy, port=int(api.url.rpartition(":")[2])) as again:
        again.change_visibly("ann", "After the outage")
        page.clock.fast_forward("30")
        expect(page.locator("#state")).to_have_text("1 event, live")


def test_each_failure_is_a_sentence(api: Api, page: Page) -> None:
    api.endpoint("ann")
    api.sign_in(page, "ann")
    page.route("**/test", lambda route: route.abort())
    page.get_by_role("button", name="Send a test").click()

    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The change may or may not have been made.")
    expect(alert).to_contain_text(f"allow the origin of this page, {api.url}")
    page.evaluate("""
        const broken = () => new Response(new ReadableStream({ start: (each) => each.error() }));
        window.fetch = async () => broken();
    """)
    page.get_by_role("button", name="Show secret").click()
    expect(alert).to_contain_text("The API did not answer. Check")

    page.reload()
    answer: JsonObject = {"status": 429, "json": {"message": "Too Many Requests"}}
    page.route("**/openapi.json", lambda route: route.fulfill(**answer))
    page.get_by_role("button", name="New endpoint").click()
    expect(alert).to_have_text("The API gets too many requests.")
    page.unroute("**/openapi.json")

    page.get_by_role("link", name="Deliveries", exact=True).first.click()
    page.get_by_label("Event id").fill("no id")
    page.keyboard.press("Enter")
    expect(alert).to_contain_text("event")
    expect(page.locator("#state")).to_be_empty()  # a wrong filter is not repeated
    page.get_by_label("Event id").fill("")
    page.keyboard.press("Enter")
    expect(page.locator("#state")).to_have_text("Live")
    expect(alert).to_be_empty()


def test_convoys_outage_is_a_sentence_and_ends_by_itself(api: Api, page: Page) -> None:
    api.endpoint("ann")
    page.clock.install()
    api.sign_in(page, "ann")
    expect(page.locator("#state")).to_have_text("Live")
    api.convoy.fail(status=503)
    page.get_by_role("button", name="Pause").click()

    expect(page.get_by_role("alert")).to_contain_text("Try again in 5 s.")
    expect(page.locator("#state")).to_contain_text("Trying again in 5 s.")
    api.convoy.recover()
    page.clock.fast_forward("05")
    expect(page.locator("#state")).to_have_text("Live")
    expect(page.get_by_text("✓ active")).to_be_visible()


def test_endpoints_are_shown_though_their_deliveries_can_not_be_counted(
    api: Api, page: Page
) -> None:
    api.endpoint("ann")
    answer: JsonObject = {"status": 429, "json": {"message": "Too Many Requests"}}
    page.route("**/webhooks/deliveries?*", lambda route: route.fulfill(**answer))
    api.sign_in(page, "ann")

    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.locator("#state")).to_contain_text("too many requests")


def test_everything_is_reached_by_keyboard(api: Api, page: Page) -> None:
    api.endpoint("ann")
    press = page.keyboard.press
    page.goto(f"{api.url}/portal")
    expect(page.get_by_label("Token")).to_be_focused()
    page.keyboard.type("ann")
    press("Enter")
    expect(page.locator("article")).to_have_count(1)
    expect(page.get_by_role("heading", name="Endpoints")).to_be_focused()
    press("Tab")
    expect(page.get_by_role("button", name="New endpoint")).to_be_focused()
    press("Tab")
    for name in ("Pause", "Resume"):
        expect(page.get_by_role("button", name=name)).to_be_focused()
        press("Enter")
    expect(page.get_by_role("button", name="Pause")).to_be_focused()
    for _ in range(4):
        press("Tab")
    press("Enter")
    expect(page.get_by_label("Hours that the old secret still signs")).to_be_focused()
    press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Rotate secret")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_view_fits_the_window_and_axe_finds_nothing(api: Api, page: Page, scheme: Any) -> None:
    """Axe looks at one width: the others have the same elements."""
    _fill(api)
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{api.url}/portal")
    check_layout(page)
    api.sign_in(page, "ann")
    expect(page.locator("article")).to_have_count(2)
    expect(page.locator("article").last).to_contain_text(MARKUP)
    check_layout(page)
    page.get_by_role("button", name="New endpoint").click()
    page.get_by_label("Only these types").check()
    check_layout(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Show secret").first.click()
    expect(page.locator(".secret")).to_be_visible()
    check_layout(page)
    page.keyboard.press("Escape")
    for view in ("Deliveries", "Events"):
        page.get_by_role("navigation").get_by_role("link", name=view).click()
        page.locator("summary").first.click()
        page.locator("summary").last.click()
        expect(page.locator("details[open] .attempts > *, details[open] pre")).to_have_count(2)
        check_layout(page)
    expect(page.locator("#view")).to_contain_text(MARKUP)
    expect(page).to_have_title("Webhooks")


def _fill(api: Api) -> None:
    """An endpoint with deliveries, and one with a long address, paused. All texts are long."""
    api.endpoint("ann")
    api.change("ann", MARKUP)
    api.convoy.deliveries()
    other = api.endpoint("ann", f"{api.convoy.receiver}?{'path=' * 60}")
    api.call("ann", "PUT", f"/webhooks/endpoints/{other['id']}", paused=True, description=MARKUP)
    api.change("ann", "x" * 500)
    api.convoy.deliveries()


def test_the_page_works_from_an_origin_that_the_gateway_allows(
    dynamodb: DynamoDBClient,
    publisher: ConvoyPublisher,
    convoy: Convoy,
    page: Page,
    tmp_path: Path,
) -> None:
    """Deployed as docs/portal.md says: a host of static files, and the API's origin in the page."""
    folder = tmp_path / "portal"
    shutil.copytree(PORTAL, folder)
    with server.running(StaticFiles(directory=folder, html=True)) as host:

        def gateway(app: ASGIApp) -> ASGIApp:
            return CORSMiddleware(
                app,
                allow_origins=[host],
                allow_headers=CORS["AllowHeaders"],
                allow_methods=CORS["AllowMethods"],
                expose_headers=CORS["ExposeHeaders"],
            )

        with serving(dynamodb, publisher, convoy, around=gateway) as api:
            index = folder / "index.html"
            policy = "connect-src 'self'"
            index.write_text(index.read_text().replace(f"{policy};", f"{policy} {api.url};"))
            api.endpoint("ann")
            page.goto(host)
            page.get_by_label("Address of the API").fill(api.url)
            page.get_by_label("Token").fill("ann")
            page.keyboard.press("Enter")
            page.get_by_role("button", name="Pause").click()
            expect(page.locator("#confirmation")).to_have_text("Paused.")
            # The list is read again first: with a fault, the endpoint would stay as it was shown.
            expect(page.get_by_role("button", name="Resume")).to_be_visible()
            convoy.fail(status=503)
            page.get_by_role("button", name="Resume").click()
            expect(page.get_by_role("alert")).to_contain_text("Try again in 5 s.")


def test_an_address_with_any_text_opens_a_view(api: Api, page: Page) -> None:
    """It may be somebody else's link."""
    api.sign_in(page, "ann")
    state = page.locator("#state")
    for view in ("constructor", "__proto__"):
        page.goto(f"{api.url}/portal/#/{view}")
        expect(page.get_by_role("heading", name="Endpoints")).to_be_visible()
        expect(state).to_have_text("Live")
    for hours in ("x", "constructor"):
        page.goto(f"{api.url}/portal/#/events?hours={hours}")
        expect(state).to_have_text("0 events, live")
    page.goto(f"{api.url}/portal/#/events?id=x")
    expect(page.get_by_role("alert")).to_contain_text("The request is not valid")
    expect(state).to_have_text("")


def test_the_page_does_not_work_inside_another_one(api: Api, page: Page) -> None:
    """A host may send no header: then the page itself refuses."""

    def without_header(route: Any) -> None:
        answer = route.fetch()
        kept = {n: v for n, v in answer.headers.items() if n != "content-security-policy"}
        route.fulfill(response=answer, headers=kept)

    page.route("**/portal/", without_header)
    around: JsonObject = {
        "body": "<iframe src='/portal/'></iframe>",
        "content_type": "text/html",
    }
    page.route("**/around", lambda route: route.fulfill(**around))
    page.goto(f"{api.url}/around")

    inner = page.frame_locator("iframe")
    expect(inner.get_by_role("alert")).to_contain_text("open it in a tab of its own")
    expect(inner.get_by_label("Token")).to_be_hidden()
