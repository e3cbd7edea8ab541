"""Ids, paths, methods and internal errors: each has its own problem, and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from starlette.exceptions import HTTPException

from app.domain.ports import StoreError, StoreUnavailable
from tests.integration.http.refusals import MAX_ID, assert_nothing_changed, fields

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.stand_in import Convoy
    from tests.tables import Outbox, TodoStore

pytestmark = pytest.mark.usefixtures("one_todo")


@pytest.mark.parametrize(
    "todo_id", ["-1", "+1", "01", "1.0", "x", "1_0", str(2**53), "9" * 40, "%201"]
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_invalid_id_in_the_path_is_a_422(
    client: TestClient, convoy: Convoy, method: str, todo_id: str
) -> None:
    body = {"item": "x"} if method == "PUT" else None

    response = client.request(method, f"/todo/{todo_id}", json=body)

    assert response.status_code == 422
    assert fields(response.json()) == [("path", "id")]
    assert_nothing_changed(client, convoy)


def test_the_greatest_id_is_valid(client: TestClient) -> None:
    client.post("/todo", json={"id": MAX_ID, "item": "last"})
    client.post("/todo", json={"id": 0, "item": "first"})

    ids = [todo["id"] for todo in client.get("/todo").json()["data"]]
    assert ids == [0, 1, MAX_ID]


def test_a_duplicate_id_is_a_409(client: TestClient, convoy: Convoy, outbox: Outbox) -> None:
    response = client.post("/todo", json={"id": 1, "item": "again"})

    assert response.status_code == 409
    assert response.json()["detail"] == "Todo with id 1 already exists."
    assert len(outbox.event_ids()) == 1
    assert_nothing_changed(client, convoy)


def test_reading_a_missing_todo_is_a_404_problem_and_no_event(
    client: TestClient, convoy: Convoy
) -> None:
    response = client.get("/todo/9")

    assert response.status_code == 404
    assert response.json()["detail"] == "Todo with id 9 not found."
    assert_nothing_changed(client, convoy)


@pytest.mark.parametrize("path", ["/todos", "/todo/", "/todo/1/x", "/TODO"])
def test_an_unknown_path_is_a_404_problem(client: TestClient, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/", {"GET", "HEAD"}),
        ("/todo", {"GET", "HEAD", "POST"}),
        ("/todo/1", {"GET", "HEAD", "PUT", "DELETE"}),
    ],
)
def test_an_unknown_method_is_a_405_that_names_the_known_ones(
    client: TestClient, path: str, methods: set[str]
) -> None:
    response = client.patch(path, json={"item": "x"})

    assert response.status_code == 405
    assert response.headers["content-type"] == "application/problem+json"
    assert set(response.headers["allow"].split(", ")) == methods


FAILURES = [
    (StoreUnavailable("throttled at table arn:aws:dynamodb:secret"), 503),
    (StoreError("The security token in arn:aws:secret is expired"), 500),
    (RuntimeError("arn:aws:secret"), 500),
    (HTTPException(502), 502),
]


@pytest.mark.parametrize("asked", [("POST", "/todo"), ("PUT", "/todo/1"), ("DELETE", "/todo/1")])
@pytest.mark.parametrize(("error", "status"), FAILURES)
def test_a_failure_after_the_commit_advises_the_idempotency_key(
    client: TestClient,
    store: TodoStore,
    monkeypatch: pytest.MonkeyPatch,
    asked: tuple[str, str],
    error: Exception,
    status: int,
) -> None:
    commit = type(store).commit

    def committed(*args: Any) -> None:
        commit(*args)
        raise error

    monkeypatch.setattr(type(store), "commit", committed)
    response = client.request(*asked, json={"item": "x"})

    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers.get("retry-after") == ("1" if status == 503 else None)
    assert "send it again under the same Idempotency-Key" in response.json()["detail"]
    assert "arn:" not in response.text


@pytest.mark.parametrize(("error", "status"), FAILURES)
def test_a_failed_read_does_not_claim_a_possible_change(
    client: TestClient,
    store: TodoStore,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(type(store), "page", failing)
    response = client.get("/todo")

    assert response.status_code == status
    assert "Idempotency-Key" not in response.json()["detail"]
    assert "arn:" not in response.text


def test_a_read_of_a_busy_dynamodb_is_a_503_with_retry_after(
    client: TestClient, store: TodoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(type(store), "page", busy)

    response = client.get("/todo")

    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert response.json()["detail"] == "The store is busy: try again."
