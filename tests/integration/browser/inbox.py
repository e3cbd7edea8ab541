"""The inbox page, as its tests use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.stand_in import Convoy


def send(convoy: Convoy, key: str, event_type: str = "created", **data: Any) -> None:
    payload = {"event": f"todo.{event_type}", "id": key, **data}
    event = {"owner_id": "ann", "event_type": event_type, "idempotency_key": key, "data": payload}
    convoy.ask("POST", "/events/fanout", json=event)


def todo(item: str = "Write the tests", todo_id: int = 1) -> dict[str, Any]:
    return {"id": todo_id, "item": item, "completed": False, "version": 1}


def summaries(page: Page) -> Locator:
    """The closed parts of the cards, newest first."""
    return page.locator(".card > summary")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
