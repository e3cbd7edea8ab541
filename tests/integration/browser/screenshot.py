"""Takes the inbox's picture, docs/inbox.png: python -m tests.integration.browser.screenshot"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
from playwright.sync_api import expect, sync_playwright

from app.domain.events import envelope
from app.wiring.clock import now
from infra.fake_convoy import application as stand_in
from infra.fake_convoy import server
from infra.fake_convoy.deliveries import Backoff
from tests.integration.browser.conftest import QUIET, chromium
from tests.integration.browser.inbox import summaries
from tests.integration.infra.inbox_stream import row
from tests.paths import ROOT
from tests.stand_in import Convoy
from tests.support import GRACE, PATIENCE_S
from tests.todo import TODO, Todo

if TYPE_CHECKING:
    from app.domain.events import EventType
    from tests.support import JsonObject

PICTURE = ROOT / "docs" / "inbox.png"

EVENTS = [
    (TODO.events.created, Todo("ann", 1, "Write the tests")),
    (TODO.events.updated, Todo("ann", 1, "Write the tests", completed=True, version=2)),
    (TODO.events.created, Todo("ann", 2, "Read them aloud")),
]


def main() -> None:
    executable = chromium()
    rows: list[JsonObject] = []
    app = stand_in.build(backoff=Backoff(4), read_outbox=lambda: rows)
    with (
        server.running(app) as url,
        httpx.Client(timeout=PATIENCE_S) as http,
        sync_playwright() as playwright,
    ):
        convoy = Convoy(url, http)
        convoy.endpoint("ann")
        for number, (event_type, todo) in enumerate(EVENTS):
            rows.append(_publish(convoy, number, event_type, todo))
        convoy.deliveries()
        convoy.stop_worker("intake")
        rows.append(_publish(convoy, 7, TODO.events.created, Todo("ann", 3, "Lose it")))
        http.put(f"{url}/inbox/queue/lose").raise_for_status()
        convoy.let_the_receiver_fail()
        browser = playwright.chromium.launch(executable_path=executable, args=QUIET)
        page = browser.new_page(
            viewport={"width": 1240, "height": 880}, device_scale_factor=1.25, color_scheme="light"
        )
        page.goto(f"{url}/inbox")
        rows.append(_publish(convoy, 9, TODO.events.deleted, EVENTS[1][1]))
        expect(summaries(page).first).to_contain_text("attempt 2")
        summaries(page).nth(1).click()
        expect(page.locator("#outbox-rows > li")).to_have_count(5)
        page.screenshot(path=PICTURE)
        browser.close()


def _publish(convoy: Convoy, number: int, event_type: EventType, todo: Todo) -> JsonObject:
    """Publish an event; gives its row of the outbox."""
    key = f"fda3c152-30d6-4111-8c99-8b099a3e16d{number}"
    event = envelope(event_type, event_id=key, owner="ann", now=now(), todo=TODO.public(todo))
    message = {"owner_id": "ann", "event_type": event.type, "idempotency_key": key}
    convoy.ask("POST", "/events/fanout", json=message | {"data": event.data})
    due_at = event.occurred_at + GRACE - timedelta(seconds=9 - number)
    return row(key, event_type=event.type, data=event.data, due_at=due_at.isoformat())


if __name__ == "__main__":
    main()
