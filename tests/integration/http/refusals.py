"""Checks of a refusal: the fields that it names, and that nothing changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support import OWNER
from tests.todo import TODO, Todo

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.stand_in import Convoy

MAX_ID = 2**53 - 1


def fields(problem: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error["in"], error["field"]) for error in problem["errors"]]


def assert_nothing_changed(client: TestClient, convoy: Convoy) -> None:
    """The todo of the set-up and its event are all that exists."""
    assert [event["event_type"] for event in convoy.events()] == ["created"]
    todos = client.get("/todo").json()["data"]
    assert todos == [TODO.public(Todo(OWNER, 1, "one"))]
