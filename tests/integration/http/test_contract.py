"""The contract of the tutorial, to the letter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.stand_in import Convoy
    from tests.tables import Outbox

Row = tuple[str, str, dict[str, Any] | None, int, dict[str, Any], str, str, str]

TODO_1 = {"id": 1, "item": "one", "completed": False, "version": 1}

CONTRACT: list[Row] = [
    ("GET", "/", None, 200, {"message": "Wilkomen!"},
     "ping", "ping", "Webhook test from application."),
    ("GET", "/todo", None, 200, {"data": [TODO_1]},
     "retrieved", "todo.retrieved", "Todo retrieved successfully"),
    ("POST", "/todo", {"id": 2, "item": "two"}, 201, {"data": ["Todo added."]},
     "created", "todo.created", "Todo created successfully"),
    ("PUT", "/todo/1", {"item": "uno"}, 200, {"data": "Todo with id 1 has been updated."},
     "updated", "todo.updated", "Todo updated successfully"),
    ("DELETE", "/todo/1", None, 200, {"data": "Todo with id 1 has been removed."},
     "deleted", "todo.deleted", "Todo deleted successfully"),
    ("PUT", "/todo/9", {"item": "nine"}, 404, {"data": "Todo with id 9 not found."},
     "failed", "todo.failure", "Todo not found."),
    ("DELETE", "/todo/9", None, 404, {"data": "Todo with id 9 not found."},
     "failed", "todo.failure", "Todo not found."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "answer", "event_type", "event", "description"), CONTRACT
)
def test_each_call_answers_and_publishes_as_in_the_tutorial(
    client: TestClient,
    convoy: Convoy,
    outbox: Outbox,
    method: str,
    path: str,
    body: dict[str, Any] | None,
    status: int,
    answer: dict[str, Any],
    event_type: str,
    event: str,
    description: str,
) -> None:
    client.post("/todo", json={"id": 1, "item": "one"})

    response = client.request(method, path, json=body)

    assert (response.status_code, response.json()) == (status, answer)
    assert response.headers["content-type"] == "application/json"
    published = convoy.events()[-1]
    assert published["event_type"] == event_type
    assert published["owner_id"] == "ann"
    assert published["data"]["event"] == event
    assert published["data"]["description"] == description
    changes = {"created", "updated", "deleted"}
    ids = [e["idempotency_key"] for e in convoy.events() if e["event_type"] in changes]
    assert outbox.event_ids() == sorted(ids)  # a row stays until Convoy shows its event as handled
    assert {row.attempts for row in outbox.rows()} == {0}


def test_a_created_event_carries_the_whole_envelope(client: TestClient, convoy: Convoy) -> None:
    response = client.post("/todo", json={"id": 1, "item": "one"})

    (event,) = convoy.events()
    assert event["idempotency_key"] == response.headers["webhook-id"] == "event-1"
    assert event["data"] == {
        "event": "todo.created",
        "description": "Todo created successfully",
        "id": "event-1",
        "occurred_at": "2026-11-24T12:00:00.123Z",
        "todo": TODO_1,
    }


def test_an_updated_event_carries_the_state_after_the_change(
    client: TestClient, convoy: Convoy
) -> None:
    client.post("/todo", json={"id": 1, "item": "one"})
    client.put("/todo/1", json={"completed": True})

    todo = convoy.payloads()[-1]["todo"]
    assert todo == {"id": 1, "item": "one", "completed": True, "version": 2}


def test_a_deleted_event_has_the_last_state_and_the_next_version(
    client: TestClient, convoy: Convoy
) -> None:
    client.post("/todo", json={"id": 1, "item": "one"})
    client.delete("/todo/1")

    assert convoy.payloads()[-1]["todo"] == TODO_1 | {"version": 2}


def test_a_failure_has_the_requested_id_and_no_todo(client: TestClient, convoy: Convoy) -> None:
    client.delete("/todo/9")

    payload = convoy.payloads()[-1]
    assert payload["todo_id"] == 9
    assert "todo" not in payload


def test_one_todo_can_be_read_by_its_id(client: TestClient, convoy: Convoy) -> None:
    client.post("/todo", json={"id": 1, "item": "one"})

    response = client.get("/todo/1")

    assert (response.status_code, response.json()) == (200, {"data": TODO_1})
    assert response.headers["etag"] == '"1"'
    assert convoy.payloads()[-1] == {
        "event": "todo.retrieved",
        "description": "Todo retrieved successfully",
        "id": "event-2",
        "occurred_at": "2026-11-24T12:00:00.123Z",
        "todo": TODO_1,
    }


def test_a_todo_without_id_gets_one_and_the_answer_has_it(client: TestClient) -> None:
    response = client.post("/todo", json={"item": "one", "completed": True})

    assert response.json() == {"data": ["Todo added."], "id": 7007}
    assert response.headers["location"] == "/todo/7007"
    expected = {"id": 7007, "item": "one", "completed": True, "version": 1}
    assert client.get("/todo/7007").json() == {"data": expected}


def test_the_answer_to_a_change_has_version_event_id_and_location(client: TestClient) -> None:
    created = client.post("/todo", json={"id": 1, "item": "one"}).headers
    updated = client.put("/todo/1", json={"item": "uno"}).headers
    deleted = client.delete("/todo/1").headers

    assert (created["location"], created["etag"], updated["etag"]) == ("/todo/1", '"1"', '"2"')
    assert "etag" not in deleted
    ids = [answer["webhook-id"] for answer in (created, updated, deleted)]
    assert ids == ["event-1", "event-2", "event-3"]
    assert {answer["webhook-status"] for answer in (created, updated, deleted)} == {"accepted"}


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/todo"), ("PUT", "/todo/1"), ("DELETE", "/todo/1")]
)
def test_while_convoy_is_down_a_mutation_succeeds_and_its_event_waits(
    client: TestClient, convoy: Convoy, outbox: Outbox, method: str, path: str
) -> None:
    outbox.remove(client.post("/todo", json={"id": 1, "item": "one"}).headers["webhook-id"])
    convoy.fail(status=503)
    bodies = {"POST": {"id": 2, "item": "two"}, "PUT": {"item": "two"}, "DELETE": None}

    response = client.request(method, path, json=bodies[method])

    assert response.status_code in {200, 201}
    assert response.headers["webhook-status"] == "pending"
    (row,) = outbox.rows()
    assert row.event.id == response.headers["webhook-id"]
    assert (row.attempts, row.reason) == (1, "503: injected fault")


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500, "body": "[" * 100_000},
        {"status": 201, "body": "[" * 100_000},
        {"status": 201, "body": json.dumps({"message": "x" * 1024 * 1024})},
        {"status": 201, "body": "not gzip", "headers": {"content-encoding": "gzip"}},
        {"status": 429, "headers": {"retry-after": "9" * 5000}},
        {"reset": True},
    ],
)
def test_however_odd_convoys_answer_a_committed_change_is_a_success(
    client: TestClient, convoy: Convoy, outbox: Outbox, fault: dict[str, Any]
) -> None:
    convoy.fail(**fault)

    response = client.post("/todo", json={"id": 1, "item": "one"})

    assert (response.status_code, response.headers["webhook-status"]) == (201, "pending")
    assert outbox.event_ids() == ["event-1"]


def test_while_convoy_is_down_reads_and_failures_answer_as_always(
    client: TestClient, convoy: Convoy, outbox: Outbox
) -> None:
    convoy.fail(status=503)

    assert client.get("/").status_code == 200
    assert client.get("/todo").status_code == 200
    assert client.delete("/todo/9").status_code == 404
    assert outbox.event_ids() == []
