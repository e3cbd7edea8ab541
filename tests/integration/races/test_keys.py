"""Many requests at once under one idempotency key make one change, and get one answer."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING

import pytest

from app.domain.idempotency import KeyReused
from app.domain.service import Committed
from app.domain.versions import Versions
from tests.components import TodoService, make_service
from tests.integration.races.racing import (
    ON_DYNAMODB_LOCAL,
    RACERS,
    ROUNDS,
    changes,
    events_of,
    of,
    race,
)
from tests.support import OWNER

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.publisher import ConvoyPublisher
    from tests.stand_in import Convoy
    from tests.tables import Outbox, TodoStore

    Request = Callable[[TodoService, int, str], Committed]

pytestmark = ON_DYNAMODB_LOCAL


@pytest.fixture
def service(dynamodb: DynamoDBClient, publisher: ConvoyPublisher) -> TodoService:
    return make_service(dynamodb, publisher, new_id=lambda: secrets.randbits(53))


def update(service: TodoService, todo_id: int, key: str) -> Committed:
    return service.update(OWNER, todo_id, {"item": "uno"}, key=key)


def update_from_version_1(service: TodoService, todo_id: int, key: str) -> Committed:
    only_the_first = Versions(only=frozenset({1}))
    return service.update(OWNER, todo_id, {"item": "uno"}, versions=only_the_first, key=key)


def deletion(service: TodoService, todo_id: int, key: str) -> Committed:
    return service.delete(OWNER, todo_id, key=key)


def one_answer(outcomes: list[Committed | BaseException]) -> Committed:
    """The answer of the change. Checks that all others are its replays.

    (DynamoDB, unlike DynamoDB Local, may answer TransactionConflict: then a request may end in
    StoreUnavailable, and its client has to send it again under its key.)
    """
    answers = of(Committed, outcomes)
    (first,) = [answer for answer in answers if not answer.replayed]
    answered = {(answer.id, answer.version, answer.event_id) for answer in answers}
    assert answered == {(first.id, first.version, first.event_id)}
    assert len(answers) == len(outcomes)
    return first


@pytest.mark.parametrize("drawn", [False, True], ids=["given id", "drawn id"])
def test_many_creations_under_one_key_make_one_todo(
    service: TodoService, store: TodoStore, convoy: Convoy, outbox: Outbox, drawn: bool
) -> None:
    firsts = []
    for number in range(ROUNDS):
        todo_id = None if drawn else number

        def create(todo_id: int | None = todo_id, key: str = f"key {number}") -> Committed:
            return service.create(OWNER, todo_id, {"item": "one"}, key=key)

        firsts.append(one_answer(race([create] * RACERS)))

    todos = store.page(OWNER, limit=100, after=None).found
    assert {todo.id for todo in todos} == {first.id for first in firsts}
    assert {data["id"] for data in convoy.payloads()} == {first.event_id for first in firsts}
    assert len(todos) == len(convoy.payloads()) == ROUNDS
    assert outbox.event_ids() == changes(convoy)


@pytest.mark.parametrize("request_", [update, update_from_version_1, deletion])
def test_many_changes_of_a_todo_under_one_key_are_one(
    service: TodoService, convoy: Convoy, outbox: Outbox, request_: Request
) -> None:
    for todo_id in range(ROUNDS):
        service.create(OWNER, todo_id, {"item": "one"})

        request = partial(request_, service, todo_id, f"key {todo_id}")
        first = one_answer(race([request] * RACERS))

        assert first.version == 2
        creation, change = events_of(convoy, todo_id)
        assert first.event_id == change["id"] != creation["id"]
    assert len(convoy.events()) == 2 * ROUNDS
    assert outbox.event_ids() == changes(convoy)


def test_of_two_requests_with_one_key_one_is_made_and_the_other_refused(
    service: TodoService, store: TodoStore, convoy: Convoy
) -> None:
    for number in range(ROUNDS):

        def create(item: str, key: str = f"key {number}") -> Committed:
            return service.create(OWNER, None, {"item": item}, key=key)

        half = RACERS // 2
        outcomes = race([lambda: create("one")] * half + [lambda: create("two")] * half)

        answered = [isinstance(outcome, Committed) for outcome in outcomes]
        assert answered in ([True] * half + [False] * half, [False] * half + [True] * half)
        assert len(of(KeyReused, outcomes)) == half
        one_answer([*of(Committed, outcomes)])
    assert len(store.page(OWNER, limit=100, after=None).found) == ROUNDS
    assert len(convoy.events()) == ROUNDS


def test_the_same_key_of_two_owners_is_two_keys(
    service: TodoService, store: TodoStore, convoy: Convoy
) -> None:
    def create(owner: str) -> Committed:
        return service.create(owner, 1, {"item": f"{owner}'s"}, key="key")

    half = RACERS // 2
    outcomes = race([lambda: create("ann")] * half + [lambda: create("bob")] * half)

    firsts = [one_answer(outcomes[:half]), one_answer(outcomes[half:])]
    assert len({first.event_id for first in firsts}) == 2
    assert sorted(event["owner_id"] for event in convoy.events()) == ["ann", "bob"]
    for owner in ("ann", "bob"):
        (todo,) = store.page(owner, limit=100, after=None).found
        assert todo.item == f"{owner}'s"
