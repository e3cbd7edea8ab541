"""ETag and If-Match: a client never overwrites what it has not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.domain.ports import Clash

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.testclient import TestClient

    from app.domain.idempotency import Claim
    from tests.stand_in import Convoy
    from tests.support import TodoChange
    from tests.tables import Outbox, TodoStore


@pytest.fixture(autouse=True)
def _a_todo_at_version_2(client: TestClient) -> None:
    client.post("/todo", json={"id": 1, "item": "one"})
    client.put("/todo/1", json={"item": "uno"})


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("if_match", ['"2"', '"1", "2"', '"1","2"', ' "2" ', "*", 'W/"1", "2"'])
def test_a_change_goes_through_at_a_version_that_if_match_names(
    client: TestClient, method: str, if_match: str
) -> None:
    response = change(client, method, if_match)

    assert response == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("if_match", ['"1"', '"3"', 'W/"2"', '"x"', '""', '"02"', '"2.0"'])
def test_a_change_at_another_version_is_a_412_and_changes_nothing(
    client: TestClient, convoy: Convoy, outbox: Outbox, method: str, if_match: str
) -> None:
    response = change(client, method, if_match)

    assert response == 412
    assert client.get("/todo/1").headers["etag"] == '"2"'
    assert [event["event_type"] for event in convoy.events()] == ["created", "updated", "retrieved"]
    assert len(outbox.event_ids()) == 2


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("if_match", ['"1"', '"2"', '"3"'])
def test_an_etag_of_a_deleted_todo_never_matches_its_successor(
    client: TestClient, method: str, if_match: str
) -> None:
    client.delete("/todo/1")
    created = client.post("/todo", json={"id": 1, "item": "another"})

    assert created.headers["etag"] == '"4"'
    assert change(client, method, if_match) == 412
    assert client.get("/todo/1").json()["data"]["item"] == "another"


def test_versions_continue_after_every_deletion(client: TestClient, convoy: Convoy) -> None:
    for _ in range(2):
        client.delete("/todo/1")
        client.post("/todo", json={"id": 1, "item": "another"})

    versions = [payload["todo"]["version"] for payload in convoy.payloads()]
    assert versions == [1, 2, 3, 4, 5, 6]


def test_a_412_names_the_current_version(client: TestClient) -> None:
    problem = client.delete("/todo/1", headers={"if-match": '"1"'}).json()

    assert problem["detail"] == "Todo with id 1 is at version 2."


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("if_match", ["2", "", '"2', "2,", '"1" "2"', '*, "2"', "W/2", "'2'"])
def test_an_if_match_that_is_no_etag_is_a_400_that_names_it(
    client: TestClient, method: str, if_match: str
) -> None:
    response = client.request(method, "/todo/1", json={"item": "x"}, headers={"if-match": if_match})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "If-Match"
    assert client.get("/todo/1").headers["etag"] == '"2"'


def test_a_missing_todo_is_a_404_whatever_if_match_says(client: TestClient) -> None:
    response = client.put("/todo/9", json={"item": "x"}, headers={"if-match": '"1"'})

    assert response.status_code == 404


def test_without_if_match_a_clash_is_decided_again_on_the_new_state(
    client: TestClient, convoy: Convoy, store: TodoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    racing(store, monkeypatch, lambda: client.put("/todo/1", json={"completed": True}), times=1)

    response = client.put("/todo/1", json={"item": "eins"})

    assert (response.status_code, response.headers["etag"]) == (200, '"4"')
    todo = {"id": 1, "item": "eins", "completed": True, "version": 4}
    assert client.get("/todo/1").json()["data"] == todo
    assert [payload["todo"]["version"] for payload in convoy.payloads()[:4]] == [1, 2, 3, 4]


def test_with_if_match_a_faster_writer_means_412(
    client: TestClient, store: TodoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    racing(store, monkeypatch, lambda: client.put("/todo/1", json={"completed": True}), times=1)

    assert change(client, "PUT", '"2"') == 412
    assert client.get("/todo/1").headers["etag"] == '"3"'


def test_a_todo_that_another_writer_deletes_meanwhile_is_a_404(
    client: TestClient, convoy: Convoy, store: TodoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    racing(store, monkeypatch, lambda: client.delete("/todo/1"), times=1)

    response = client.put("/todo/1", json={"item": "eins"})

    assert response.status_code == 404
    assert [event["event_type"] for event in convoy.events()][-2:] == ["deleted", "failed"]


def test_too_many_faster_writers_are_a_logged_503_without_event(
    client: TestClient,
    convoy: Convoy,
    store: TodoStore,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tries = 0

    def clash(self: TodoStore, change: TodoChange, _: Claim | None) -> None:
        nonlocal tries
        tries += 1
        raise Clash

    monkeypatch.setattr(type(store), "commit", clash)

    response = client.put("/todo/1", json={"item": "eins"})

    assert (response.status_code, response.headers["retry-after"], tries) == (503, "1", 8)
    assert len(convoy.events()) == 2
    assert "The todo with id 1 has too many writers at once." in caplog.text


def change(client: TestClient, method: str, if_match: str) -> int:
    body = {"item": "eins"} if method == "PUT" else None
    return client.request(method, "/todo/1", json=body, headers={"if-match": if_match}).status_code


def racing(
    store: TodoStore,
    monkeypatch: pytest.MonkeyPatch,
    rival: Callable[[], object],
    *,
    times: int,
) -> None:
    """Let a rival commit between the read and the commit of the next request."""
    commit = type(store).commit
    left = times

    def late(self: TodoStore, change: TodoChange, claim: Claim | None = None) -> None:
        nonlocal left
        if left > 0:
            left -= 1
            rival()
        commit(self, change, claim)

    monkeypatch.setattr(type(store), "commit", late)
