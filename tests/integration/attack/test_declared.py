"""The API gives each answer that the document declares, in the declared form."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from app.convoy_admin.calls import Calls, ConvoyUnusable
from app.customers import endpoints
from app.domain.event_ids import uuid7
from app.domain.ports import StoreError, StoreUnavailable
from app.dynamodb.events_table import EventsTable
from app.dynamodb.store import DynamoStore
from app.http.application import GATEWAYS
from app.outbox.request_attempt import OutboxDelivery
from tests.document import DOCUMENT
from tests.integration.attack import webhooks
from tests.integration.attack.clients import JSON_TYPE
from tests.integration.attack.test_document import OF_OTHER_RESOURCES
from tests.integration.attack.webhooks import Webhooks
from tests.integration.customers.world import UNKNOWN
from tests.support import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.attack.clients import Answer, AttackClient
    from tests.stand_in import Convoy
    from tests.support import JsonObject

GATEWAYS_FORM = {"schema": {"$ref": "#/components/schemas/Message"}}


def given_only_by_gateways(status: int, answer: JsonObject) -> bool:
    """Whether the gateway gives this answer, and the API never does."""
    return status in GATEWAYS and answer["content"] == {"application/json": GATEWAYS_FORM}


DECLARED: dict[str, dict[int, JsonObject]] = {
    route: {
        int(status): answer
        for status, answer in operation["responses"].items()
        if not given_only_by_gateways(int(status), answer)
    }
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
    if (route := f"{method.upper()} {path}") not in OF_OTHER_RESOURCES and method != "head"
}

NEW, ITEM = b'{"id": 2, "item": "two"}', b'{"item": "two"}'
OTHER, TEXT = JSON_TYPE | {"if-match": '"7"'}, {"content-type": "text/plain"}
KEY = JSON_TYPE | {"idempotency-key": "a b"}
WRONG = {400: b"{", 413: b" " * 131_073, 422: b'{"x": 1}'}
"""Bodies that are refused with these statuses."""

NO_EVENT = uuid7(NOW, 7)
TAKEN = "https://example.com/taken"

Request = tuple[str, str, bytes, dict[str, str]]
USUAL: dict[str, Request] = {
    "GET /": ("GET", "/", b"", {}),
    "GET /todo": ("GET", "/todo", b"", {}),
    "POST /todo": ("POST", "/todo", NEW, JSON_TYPE),
    "GET /todo/{id}": ("GET", "/todo/1", b"", {}),
    "PUT /todo/{id}": ("PUT", "/todo/1", ITEM, JSON_TYPE),
    "DELETE /todo/{id}": ("DELETE", "/todo/1", b"", {}),
    "GET /events": ("GET", "/events", b"", {}),
    "GET /events/{id}": ("GET", "/events/{event}", b"", {}),
} | {
    route: (method, target, json.dumps(body).encode() if body else b"", JSON_TYPE)
    for route, (method, target, body) in (webhooks.OF_ALL | webhooks.OF_ONE).items()
}
REFUSED: dict[tuple[str, int], Request] = {
    ("GET /todo", 400): ("GET", "/todo?cursor=x", b"", {}),
    ("GET /todo", 422): ("GET", "/todo?limit=0", b"", {}),
    ("POST /todo", 409): ("POST", "/todo", b'{"id": 1, "item": "again"}', JSON_TYPE),
    ("POST /todo", 412): ("POST", "/todo", NEW, JSON_TYPE | {"if-none-match": "*"}),
    ("GET /todo/{id}", 304): ("GET", "/todo/1", b"", {"if-none-match": 'W/"1"'}),
    ("GET /todo/{id}", 400): ("GET", "/todo/1", b"", {"if-none-match": "1"}),
    ("GET /todo/{id}", 404): ("GET", "/todo/9", b"", {}),
    ("GET /todo/{id}", 412): ("GET", "/todo/1", b"", OTHER),
    ("GET /todo/{id}", 422): ("GET", "/todo/x", b"", {}),
    ("PUT /todo/{id}", 404): ("PUT", "/todo/9", ITEM, JSON_TYPE),
    ("PUT /todo/{id}", 412): ("PUT", "/todo/1", ITEM, OTHER),
    ("DELETE /todo/{id}", 400): ("DELETE", "/todo/1", b"", KEY),
    ("DELETE /todo/{id}", 404): ("DELETE", "/todo/9", b"", {}),
    ("DELETE /todo/{id}", 412): ("DELETE", "/todo/1", b"", OTHER),
    ("DELETE /todo/{id}", 422): ("DELETE", "/todo/x", b"", {}),
    ("GET /events", 400): ("GET", "/events?after=x", b"", {}),
    ("GET /events", 422): ("GET", "/events?type=x", b"", {}),
    ("GET /events/{id}", 404): ("GET", f"/events/{NO_EVENT}", b"", {}),
    ("GET /events/{id}", 422): ("GET", "/events/x", b"", {}),
    **{
        (route, 409): (*USUAL[route][:2], json.dumps({"url": TAKEN}).encode(), JSON_TYPE)
        for route in ("POST /webhooks/endpoints", "PUT /webhooks/endpoints/{id}")
    },
    ("GET /webhooks/deliveries", 400): ("GET", "/webhooks/deliveries?after=x", b"", {}),
    ("GET /webhooks/deliveries", 404): (
        "GET", f"/webhooks/deliveries?endpoint={UNKNOWN}", b"", {}
    ),
    ("GET /webhooks/deliveries", 422): ("GET", "/webhooks/deliveries?limit=0", b"", {}),
}  # fmt: skip


@pytest.mark.parametrize("route", DECLARED)
def test_every_declared_answer_is_given_and_matches_its_schema(
    lambda_: AttackClient, convoy: Convoy, monkeypatch: pytest.MonkeyPatch, route: str
) -> None:
    """No cache stores one, and no browser guesses its type."""
    created = lambda_.ask("POST", "/todo", b'{"id": 1, "item": "one"}')
    event = created.headers["webhook-id"]
    anns = Webhooks.of_ann(convoy) if "/webhooks/" in route else Webhooks()
    if (route, 409) in REFUSED:
        convoy.endpoint("ann", TAKEN)

    for status, declared in sorted(DECLARED[route].items(), reverse=True):  # a success comes last
        method, target, body, headers = request(route, status)
        paths = Webhooks() if status == 404 else anns
        with broken(monkeypatch, status), paused(lambda_, anns, route, status):
            asked = (
                paths.filled(target).replace("{event}", event),
                body,
                headers,
                "" if status == 401 else "ann",
            )
            answer = lambda_.ask(method, *asked)
            head = lambda_.ask("HEAD", *asked) if method == "GET" else None

        if head is not None:
            assert (head.status, head.headers, head.body) == (status, answer.headers, b"")
        assert answer.status == status, answer.text
        assert_declared(declared, answer)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


def request(route: str, status: int) -> Request:
    if (route, status) in REFUSED:
        return REFUSED[route, status]
    method, target, body, headers = USUAL[route]
    return method, target, WRONG.get(status, body), TEXT if status == 415 else headers


@contextmanager
def broken(monkeypatch: pytest.MonkeyPatch, status: int) -> Iterator[None]:
    """The store and Convoy's API fail, if the answer is to be a 500 or a 503. If it is to be a 409,
    an endpoint has no other secret."""

    def fails(error: Exception) -> Callable[..., None]:
        def fail(*_: object, **__: object) -> None:
            raise error

        return fail

    with monkeypatch.context() as patch:
        if status >= 500:
            store = fails(StoreUnavailable() if status == 503 else StoreError())
            for name in ("read", "page", "commit"):
                patch.setattr(DynamoStore, name, store)
            for name in ("get", "page"):
                patch.setattr(EventsTable, name, store)
            patch.setattr(OutboxDelivery, "publish_best_effort", store)
            convoys = fails(ConvoyUnusable("down") if status == 503 else RuntimeError())
            patch.setattr(Calls, "answer", convoys)
        if status == 409:
            patch.setattr(endpoints, "MAX_SECRETS", 1)
        yield


@contextmanager
def paused(lambda_: AttackClient, anns: Webhooks, route: str, status: int) -> Iterator[None]:
    """Ann's endpoint is paused, if nothing but that makes the answer a 409."""
    if status != 409 or (route, status) in REFUSED:
        yield
        return
    target = anns.filled(webhooks.ENDPOINT)
    assert lambda_.ask("PUT", target, b'{"paused": true}').status == 200
    yield
    assert lambda_.ask("PUT", target, b'{"paused": false}').status == 200


def assert_declared(declared: JsonObject, answer: Answer) -> None:
    if "content" not in declared:
        assert answer.body == b""
        return
    media_type = answer.headers["content-type"]
    others = declared["content"].keys() - {media_type}
    assert [declared["content"][each] for each in others] in ([], [GATEWAYS_FORM])
    schema = declared["content"][media_type]["schema"] | {"components": DOCUMENT["components"]}
    Draft202012Validator(schema).validate(answer.json())
