"""The API with the portal, as two customers use it: a token is its owner's name."""

from __future__ import annotations

import secrets
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
from playwright.sync_api import expect
from starlette.exceptions import HTTPException

from app.convoy_admin.setup import set_up
from app.domain.event_log import EventLog
from app.http import application
from app.settings import Settings
from app.wiring.clients import api_key_of
from app.wiring.clock import new_event_id, now
from app.wiring.convoy_admin import ConvoyComponents
from app.wiring.customers import add_customers
from infra.fake_convoy import server
from infra.local.portal import with_portal
from tests.components import make_service
from tests.stand_in import deployment
from tests.support import PATIENCE_S, RETENTION, WEBHOOKS
from tests.tables import make_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient
    from playwright.sync_api import Locator, Page
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from app.convoy.publisher import ConvoyPublisher
    from tests.stand_in import Convoy
    from tests.support import JsonObject

    Around = Callable[[ASGIApp], ASGIApp]

OWNERS = ("ann", "bob")
VISIBLE_AFTER = timedelta(milliseconds=200)


def owner_of(request: Request) -> str:
    owner = request.headers.get("authorization", "").removeprefix("Bearer ")
    if owner not in OWNERS:
        raise HTTPException(401, "Authentication required: the token is not valid.")
    return owner


@dataclass(frozen=True)
class Api:
    """The API of both owners, with the portal."""

    url: str
    convoy: Convoy

    def call(self, owner: str, method: str, path: str, **body: object) -> httpx.Response:
        headers = {"authorization": f"Bearer {owner}"}
        answer = httpx.request(
            method, self.url + path, headers=headers, json=body or None, timeout=PATIENCE_S
        )
        answer.raise_for_status()
        return answer

    def change(self, owner: str, item: str) -> str:
        """Create a todo; gives its event's id."""
        event_id: str = self.call(owner, "POST", "/todo", item=item).headers["webhook-id"]
        return event_id

    def change_visibly(self, owner: str, item: str) -> None:
        """The same; ends when `GET /events` has it."""
        event_id = self.change(owner, item)
        until = time.monotonic() + PATIENCE_S
        while event_id not in self.call(owner, "GET", "/events").text:
            assert time.monotonic() < until
            time.sleep(0.02)

    def endpoint(self, owner: str, url: str = "") -> JsonObject:
        """Make an endpoint: by default, the stand-in's own receiver."""
        url = url or self.convoy.receiver
        made: JsonObject = self.call(owner, "POST", "/webhooks/endpoints", url=url).json()["data"]
        return made

    def sign_in(self, page: Page, owner: str, view: str = "endpoints") -> None:
        page.goto(f"{self.url}/portal/#/{view}")
        page.get_by_label("Token").fill(owner)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("navigation")).to_be_visible()
        expect(page.locator("#state")).not_to_have_text("Loading …")


@contextmanager
def serving(
    dynamodb: DynamoDBClient,
    publisher: ConvoyPublisher,
    convoy: Convoy,
    port: int = 0,
    around: Around = with_portal,
) -> Iterator[Api]:
    """`around`: what serves the API; by default the portal's server."""
    own: JsonObject = {
        "clock": now,
        "new_event_id": new_event_id,
        "new_id": lambda: secrets.randbits(53),
    }
    service = make_service(dynamodb, publisher, **own)
    log = EventLog(make_log(dynamodb), now, VISIBLE_AFTER, RETENTION)
    app = application.build([service], owner_of, log=log)
    values = {name.lower(): value for name, value in deployment(convoy, "nobody").items()}
    settings = Settings.model_validate(values | {"local_endpoints": True})
    with closing(ConvoyComponents.build(settings)) as of_operator:
        set_up(of_operator.project, WEBHOOKS, url=convoy.receiver, owner="operator", new_owner=str)
    add_customers(app, settings, api_key_of(settings), owner_of)
    try:
        with server.running(around(app), port) as url:
            yield Api(url, convoy)
    finally:
        app.state.customers.close()


def act(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


def secret(page: Page) -> str:
    """The secret that a dialog shows; closes the dialog."""
    text = dialog(page).locator(".secret").inner_text()
    act(page, "Close")
    expect(dialog(page)).to_have_count(0)
    return text
