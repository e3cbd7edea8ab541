"""The API gives each answer that the document declares, in the declared form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from app.domain.event_ids import uuid7
from app.domain.ports import StoreError, StoreUnavailable
from app.dynamodb.events_table import EventsTable
from app.dynamodb.store import DynamoStore
from app.http.application import GATEWAYS
from app.outbox.request_attempt import OutboxDelivery
from app.resources.todo import TODO
from tests.integration.attack.clients import JSON_TYPE
from tests.integration.attack.test_document import DOCUMENT
from tests.support import NOW

if TYPE_CHECKING:
    from tests.integration.attack.clients import Answer, AttackClient
    from tests.support import JsonObject

GATEWAYS_FORM = {"schema": {"$ref": "#/components/schemas/Message"}}


def given_only_by_gateways(status: int, answer: JsonObject) -> bool:
    """Whether the gateway gives this answer, and the API never does."""
    return status in GATEWAYS and answer["content"] == {"application/json": GATEWAYS_FORM}


DECLARED = {
    (f"{method.upper()} {path}", int(status)): answer
    for path, operations in DOCUMENT["paths"].items()
    if path.split("/")[1]
    in {"", TODO.name, "events"}  # the same code makes those of other resources
    for method, operation in operations.items()
    for status, answer in operation["responses"].items()
    if not given_only_by_gateways(int(status), answer)
}

NEW, ITEM = b'{"id": 2, "item": "two"}', b'{"item": "two"}'
OTHER, TEXT, LARGE = JSON_TYPE | {"if-match": '"7"'}, {"content-type": "text/plain"}, b" " * 131_073
KEY = JSON_TYPE | {"idempotency-key": "a b"}

NO_EVENT = uuid7(NOW, 7)

Request = tuple[str, str, bytes, dict[str, str]]
USUAL: dict[str, Request] = {
    "GET /": ("GET", "/", b"", {}),
    "GET /todo": ("GET", "/todo", b"", {}),
    "POST /todo": ("POST", "/todo", NEW, JSON_TYPE),
    "GET /todo/{id}": ("GET", "/todo/1", b"", {}),
    "PUT /todo/{id}": ("PUT", "/todo/1", ITEM, JSON_TYPE),
    "DELETE /todo/{id}": ("DELETE", "/todo/1", b"", {}),
    "GET /events": ("GET", "/events", b"", {}),
    "GET /events/{id}": ("GET", "/events/{id}", b"", {}),
}
REFUSED: dict[tuple[str, int], Request] = {
    ("GET /todo", 400): ("GET", "/todo?cursor=x", b"", {}),
    ("GET /todo", 422): ("GET", "/todo?limit=0", b"", {}),
    ("POST /todo", 400): ("POST", "/todo", b"{", JSON_TYPE),
    ("POST /todo", 409): ("POST", "/todo", b'{"id": 1, "item": "again"}', JSON_TYPE),
    ("POST /todo", 415): ("POST", "/todo", NEW, TEXT),
    ("POST /todo", 422): ("POST", "/todo", b"{}", JSON_TYPE),
    ("GET /todo/{id}", 404): ("GET", "/todo/9", b"", {}),
    ("GET /todo/{id}", 422): ("GET", "/todo/x", b"", {}),
    ("PUT /todo/{id}", 400): ("PUT", "/todo/1", b"{", JSON_TYPE),
    ("PUT /todo/{id}", 404): ("PUT", "/todo/9", ITEM, JSON_TYPE),
    ("PUT /todo/{id}", 412): ("PUT", "/todo/1", ITEM, OTHER),
    ("PUT /todo/{id}", 415): ("PUT", "/todo/1", ITEM, TEXT),
    ("PUT /todo/{id}", 422): ("PUT", "/todo/1", b"{}", JSON_TYPE),
    ("DELETE /todo/{id}", 400): ("DELETE", "/todo/1", b"", KEY),
    ("DELETE /todo/{id}", 404): ("DELETE", "/todo/9", b"", {}),
    ("DELETE /todo/{id}", 412): ("DELETE", "/todo/1", b"", OTHER),
    ("DELETE /todo/{id}", 422): ("DELETE", "/todo/x", b"", {}),
    ("GET /events", 400): ("GET", "/events?after=x", b"", {}),
    ("GET /events", 422): ("GET", "/events?type=x", b"", {}),
    ("GET /events/{id}", 404): ("GET", f"/events/{NO_EVENT}", b"", {}),
    ("GET /events/{id}", 422): ("GET", "/events/x", b"", {}),
}


@pytest.mark.parametrize(("route", "status"), DECLARED)
def test_every_declared_answer_is_given_and_matches_its_schema(
    lambda_: AttackClient, monkeypatch: pytest.MonkeyPatch, route: str, status: int
) -> None:
    answer = given(lambda_, monkeypatch, route, status)

    assert answer.status == status
    assert_declared(DECLARED[route, status], answer.headers["content-type"], answer.json())


@pytest.mark.parametrize(("route", "status"), DECLARED)
def test_no_cache_stores_an_answer_and_no_browser_guesses_its_type(
    lambda_: AttackClient, monkeypatch: pytest.MonkeyPatch, route: str, status: int
) -> None:
    headers = given(lambda_, monkeypatch, route, status).headers

    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


def given(
    lambda_: AttackClient, monkeypatch: pytest.MonkeyPatch, route: str, status: int
) -> Answer:
    created = lambda_.ask("POST", "/todo", b'{"id": 1, "item": "one"}')
    if status >= 500:
        break_all(monkeypatch, StoreUnavailable() if status == 503 else StoreError())
    owner = "" if status == 401 else "ann"
    method, target, body, headers = REFUSED.get((route, status), USUAL[route])
    target = target.replace("{id}", created.headers["webhook-id"])
    return lambda_.ask(method, target, LARGE if status == 413 else body, headers, owner)


def break_all(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    for name in ("read", "page", "commit"):
        monkeypatch.setattr(DynamoStore, name, broken)
    for name in ("get", "page"):
        monkeypatch.setattr(EventsTable, name, broken)
    monkeypatch.setattr(OutboxDelivery, "publish_best_effort", broken)


def assert_declared(declared: JsonObject, media_type: str, body: JsonObject) -> None:
    others = declared["content"].keys() - {media_type}
    assert [declared["content"][each] for each in others] in ([], [GATEWAYS_FORM])
    schema = declared["content"][media_type]["schema"] | {"components": DOCUMENT["components"]}
    Draft202012Validator(schema).validate(body)
