"""A change returns the new state together with its event."""

from __future__ import annotations

import json
from dataclasses import make_dataclass

import pytest

from app.domain import events
from app.domain.resource import (
    MAX_BYTES,
    MAX_ID,
    NotFound,
    TooLarge,
    check_distinct,
    resource_type,
)
from tests.support import NOW, WEBHOOKS
from tests.todo import TODO, Todo

A_TODO = Todo("ann", 1, "one", version=3)


@pytest.mark.parametrize("version", [1, 3])
def test_a_creation_publishes_the_todo_and_follows_the_version_before(version: int) -> None:
    todo = Todo("ann", 1, "one", version=version)
    change = TODO.create(todo, now=NOW, event_id="e")

    assert (change.action, change.state, change.base_version) == ("create", todo, version - 1)
    assert (change.event.id, change.event.owner, change.event.type) == ("e", "ann", "created")
    assert change.event.data["todo"] == TODO.public(todo)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"item": "uno"}, Todo("ann", 1, "uno", completed=False, version=4)),
        ({"completed": True}, Todo("ann", 1, "one", completed=True, version=4)),
        ({"item": "uno", "completed": True}, Todo("ann", 1, "uno", completed=True, version=4)),
    ],
)
def test_an_update_replaces_the_given_fields_and_raises_the_version(
    changed: dict[str, object], expected: Todo
) -> None:
    change = TODO.update(A_TODO, changed, now=NOW, event_id="e")

    assert (change.action, change.state, change.base_version) == ("update", expected, 3)
    assert change.event.type == "updated"
    assert change.event.data["todo"] == TODO.public(expected)


def test_a_deletion_publishes_the_last_state_under_a_new_version() -> None:
    change = TODO.delete(A_TODO, now=NOW, event_id="e")

    last = Todo("ann", 1, "one", version=4)
    assert (change.action, change.state, change.base_version) == ("delete", last, 3)
    assert change.event.type == "deleted"
    assert change.event.data["todo"] == TODO.public(last)


def test_no_payload_has_the_owner() -> None:
    assert "ann" not in json.dumps(TODO.create(A_TODO, now=NOW, event_id="e").event.data)


def test_each_event_type_differs() -> None:
    for attribute in ("name", "event", "description"):
        values = [getattr(event_type, attribute) for event_type in WEBHOOKS.event_types]
        assert len(set(values)) == len(values)


def test_the_envelope_holds_what_the_event_is_about_and_a_utc_time() -> None:
    event = events.envelope(TODO.events.failed, event_id="e", owner="ann", now=NOW, todo_id=9)

    assert event.data == {
        "event": "todo.failure",
        "description": "Todo not found.",
        "id": "e",
        "occurred_at": "2026-11-24T12:00:00.123Z",
        "todo_id": 9,
    }


@pytest.mark.parametrize(
    "name", ["Order", "order line", "a/b", "_ping", "", "{x}", "docs", "event", "events", "owner"]
)
def test_a_name_that_paths_or_payloads_cannot_have_stops_the_start(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name!r} can't be a resource's name"):
        resource_type(name, Todo)


def test_two_resources_with_one_event_type_stop_the_start() -> None:
    other = make_dataclass("Other", [("owner", str), ("id", int), ("x", str), ("version", int)])

    with pytest.raises(ValueError, match="the same event type: created, deleted, failed"):
        check_distinct([TODO, resource_type("other", other, events=TODO.events)])


def test_a_name_of_two_words_is_two_words_in_texts() -> None:
    of_line_items = events.ResourceEvents.of("line_item")

    assert of_line_items.created.description == "Line item created successfully"
    assert str(NotFound("line_item", 1)) == "Line item with id 1 not found."


SMALLEST = [
    0,
    1,
    -1,
    12,
    MAX_ID,
    True,
    "",
    [],
    {},
    [[]],
    {"a": 1},
    {"a": []},
    {"a": {"b": -1}},
    [[[[]]]],
    [[[[1]]]],
]
"""Values of which JSON has few bytes for each thing that DynamoDB counts."""


def stored(value: object) -> int:
    """Bytes that DynamoDB counts ("Item sizes and formats" of its developer guide)."""
    match value:
        case bool():
            return 1
        case int():
            return 1 + (len(str(abs(value)).strip("0")) + 1) // 2 + (value < 0)
        case str():
            return len(value.encode())
        case list():
            return 3 + sum(1 + stored(each) for each in value)
        case dict():
            return 3 + sum(1 + len(name.encode()) + stored(each) for name, each in value.items())
    raise TypeError


@pytest.mark.parametrize("value", SMALLEST, ids=json.dumps)
def test_dynamodb_counts_at_most_two_bytes_for_one_of_json(value: object) -> None:
    for many in ([value] * 99, {f"{number}": value for number in range(99)}):
        text = json.dumps(many, separators=(",", ":"))

        assert stored(many) <= 3 + 2 * len(text)
    assert 2 * MAX_BYTES < 400 * 1024 - 4_000


def test_a_resource_over_the_limit_can_be_deleted_and_not_changed() -> None:
    long = Todo("ann", 1, "x" * MAX_BYTES)

    assert TODO.delete(long, now=NOW, event_id="e").state.version == 2
    with pytest.raises(TooLarge, match="would have over 200 kB"):
        TODO.update(long, {"completed": True}, now=NOW, event_id="e")
