"""Idempotency-Key: a repeated request is done once."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from app.http import application
from tests.components import make_service
from tests.integration.http.idempotent_requests import DELETE, KEY, REQUESTS, UPDATE, ask
from tests.support import NOW, OWNER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from httpx2 import Response
    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.publisher import ConvoyPublisher
    from tests.integration.http.idempotent_requests import Asked
    from tests.stand_in import Convoy
    from tests.tables import Outbox, TodoStore

DAY = timedelta(hours=24)

pytestmark = pytest.mark.usefixtures("one_todo")


@pytest.mark.parametrize("asked", REQUESTS)
def test_a_repeated_request_gets_the_first_answer_and_no_second_event(
    client: TestClient, convoy: Convoy, asked: Asked
) -> None:
    first = ask(client, asked)
    again = ask(client, asked)

    assert first.status_code < 300
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    for name in ("location", "etag", "webhook-id"):
        assert again.headers.get(name) == first.headers.get(name)
    assert first.headers["webhook-status"] == "accepted"
    assert again.headers["webhook-status"] == "pending"  # until Convoy shows it as handled
    assert len(convoy.events()) == 2


@pytest.mark.parametrize("asked", [UPDATE, DELETE])
def test_a_repeated_change_is_recognised_without_a_write(
    client: TestClient, store: TodoStore, monkeypatch: pytest.MonkeyPatch, asked: Asked
) -> None:
    ask(client, asked)
    monkeypatch.setattr(type(store), "commit", None)

    assert ask(client, asked).headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("asked", REQUESTS)
def test_a_replay_has_the_events_current_status(
    client: TestClient,
    convoy: Convoy,
    outbox: Outbox,
    asked: Asked,
) -> None:
    convoy.fail(status=503)
    first = ask(client, asked)
    assert first.headers["webhook-status"] == "pending"
    assert replay_status(client, asked) == "pending"

    outbox.remove(first.headers["webhook-id"])
    assert replay_status(client, asked) == "accepted"


def replay_status(client: TestClient, asked: Asked) -> str:
    return ask(client, asked).headers["webhook-status"]


def test_another_owners_key_is_another_key(
    client: TestClient, dynamodb: DynamoDBClient, publisher: ConvoyPublisher, convoy: Convoy
) -> None:
    ids = iter(["bob-1"])
    service = make_service(dynamodb, publisher, new_event_id=lambda _: next(ids))
    client.post("/todo", json={"id": 2, "item": "two"}, headers=KEY)
    with TestClient(application.build([service], lambda _: "bob")) as bob:
        response = bob.post("/todo", json={"id": 2, "item": "bob's"}, headers=KEY)

    assert response.status_code == 201
    assert "idempotency-replayed" not in response.headers
    assert [event["owner_id"] for event in convoy.events()] == [OWNER, OWNER, "bob"]


@pytest.mark.parametrize(("after", "status"), [(DAY - timedelta(seconds=2), 201), (DAY, 409)])
def test_a_key_is_kept_24_hours_even_if_dynamodb_keeps_it_longer(
    client: TestClient,
    dynamodb: DynamoDBClient,
    publisher: ConvoyPublisher,
    after: timedelta,
    status: int,
) -> None:
    body = {"id": 2, "item": "two"}
    client.post("/todo", json=body, headers=KEY)
    later = make_service(
        dynamodb, publisher, clock=lambda: NOW + after, new_event_id=lambda _: "later"
    )
    with TestClient(application.build([later], lambda _: OWNER)) as client_later:
        assert client_later.post("/todo", json=body, headers=KEY).status_code == status


def test_an_expired_key_can_be_used_for_another_request(
    client: TestClient, dynamodb: DynamoDBClient, publisher: ConvoyPublisher
) -> None:
    client.post("/todo", json={"id": 2, "item": "two"}, headers=KEY)
    later = make_service(
        dynamodb, publisher, clock=lambda: NOW + DAY, new_event_id=lambda _: "later"
    )
    with TestClient(application.build([later], lambda _: OWNER)) as client_later:
        first = client_later.delete("/todo/2", headers=KEY)
        again = client_later.delete("/todo/2", headers=KEY)

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("call", [1, 2, 3])
@pytest.mark.parametrize(
    ("asked", "if_match"),
    [
        *((asked, {}) for asked in REQUESTS),
        *((asked, {"if-match": '"1"'}) for asked in (UPDATE, DELETE)),
    ],
)
def test_concurrent_requests_under_one_key_get_one_answer_and_one_event(
    client: TestClient,
    convoy: Convoy,
    dynamodb: DynamoDBClient,
    asked: Asked,
    if_match: dict[str, str],
    call: int,
) -> None:
    answers: list[Response] = []

    def send() -> None:
        answers.append(ask(client, asked, KEY | if_match))

    with before_the_call(dynamodb, call, send):
        send()
    if len(answers) == 1:  # the request makes fewer calls: the other one comes after it
        send()

    assert answers[0].status_code < 300
    for same in ("status_code", "content"):
        assert getattr(answers[0], same) == getattr(answers[1], same)
    replayed = [answer.headers.get("idempotency-replayed") for answer in answers]
    assert sorted(replayed, key=str) == [None, "true"]
    assert len(convoy.events()) == 2


def test_a_refused_request_takes_no_key(client: TestClient) -> None:
    assert client.put("/todo/9", json={"item": "x"}, headers=KEY).status_code == 404
    assert client.post("/todo", json={"id": 1, "item": "x"}, headers=KEY).status_code == 409
    assert client.post("/todo", json={"id": 2, "item": "x"}, headers=KEY).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "\xe4", "\x7f"])
def test_an_invalid_key_is_a_400_that_names_it(
    client: TestClient, convoy: Convoy, key: str
) -> None:
    headers = {"idempotency-key": key.encode("latin-1")}

    response = client.post("/todo", json={"item": "x"}, headers=headers)  # type: ignore[arg-type]

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "Idempotency-Key"
    assert len(convoy.events()) == 1


@contextmanager
def before_the_call(
    dynamodb: DynamoDBClient, number: int, act: Callable[[], object]
) -> Iterator[None]:
    """Call `act` just before one call of DynamoDB: `number` counts from 1."""
    calls = count(1)

    def watch(**_: object) -> None:
        if next(calls) == number:
            act()

    dynamodb.meta.events.register("before-call.dynamodb", watch)
    try:
        yield
    finally:
        dynamodb.meta.events.unregister("before-call.dynamodb", watch)
