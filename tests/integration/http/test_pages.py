"""Lists come in pages, by id, of one owner's todos."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.support import NOW, OWNER
from tests.todo import TODO, Todo

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.tables import TodoStore


def fill(store: TodoStore, ids: range, owner: str = OWNER, item: str = "x") -> None:
    for todo_id in ids:
        todo = Todo(owner, todo_id, item)
        store.commit(TODO.create(todo, now=NOW, event_id=f"fill-{owner}-{todo_id}"))


def test_following_next_gives_every_todo_once_in_the_order_of_ids(
    client: TestClient, store: TodoStore
) -> None:
    fill(store, range(7))

    pages, cursor = [], None
    for _ in range(3):
        params = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        body = client.get("/todo", params=params).json()
        pages.append([todo["id"] for todo in body["data"]])
        cursor = body.get("next")

    assert (pages, cursor) == ([[0, 1, 2], [3, 4, 5], [6]], None)


def test_a_full_last_page_has_no_next(client: TestClient, store: TodoStore) -> None:
    fill(store, range(3))

    assert "next" not in client.get("/todo", params={"limit": 3}).json()


def test_an_empty_list_is_an_empty_page(client: TestClient) -> None:
    assert client.get("/todo").json() == {"data": []}


def test_a_page_has_100_todos_by_default(client: TestClient, store: TodoStore) -> None:
    fill(store, range(101))

    body = client.get("/todo").json()

    assert len(body["data"]) == 100
    assert client.get("/todo", params={"cursor": body["next"]}).json()["data"][0]["id"] == 100


def test_a_page_of_long_todos_ends_early_and_has_a_next(
    client: TestClient, store: TodoStore
) -> None:
    fill(store, range(30), item="\N{CLINKING BEER MUGS}" * 10_000)  # 40 kB each

    first = client.get("/todo").json()
    rest = client.get("/todo", params={"cursor": first["next"]}).json()

    assert len(first["data"]) < 30
    assert [todo["id"] for todo in first["data"] + rest["data"]] == list(range(30))


def test_a_page_has_only_one_owners_todos(client: TestClient, store: TodoStore) -> None:
    fill(store, range(2))
    fill(store, range(2, 4), owner="bob")

    assert [todo["id"] for todo in client.get("/todo").json()["data"]] == [0, 1]


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "", "1.5", "1_0", "+5", "%205"])
def test_a_limit_out_of_bounds_is_a_422_that_names_it(client: TestClient, limit: str) -> None:
    response = client.get("/todo", params={"limit": limit})

    assert response.status_code == 422
    assert response.json()["errors"][0] | {"detail": ""} == {
        "in": "query",
        "field": "limit",
        "detail": "",
    }


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "!!!!", "%00", "ä", encoded("1"), encoded("after:-1"), encoded("after: 1"),
     encoded("after:+1"), encoded("after:01"), encoded("after:x"), encoded(f"after:{2**53}"),
     encoded("after:" + "9" * 5000), encoded("after:1").rstrip("="), encoded("after:1") + "\n"],
)  # fmt: skip
def test_a_broken_cursor_is_a_400_that_names_it(client: TestClient, cursor: str) -> None:
    response = client.get("/todo", params={"cursor": cursor})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "cursor"
