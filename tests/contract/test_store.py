"""What any store promises the service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore import exceptions as aws
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from app import todos
from app.service import StoreError, StoreUnavailable, VersionClash
from app.store import CONFLICT_PAUSES_S, DynamoStore
from app.todos import Todo, TodoExists
from tests.support import NOW, TABLES, Outbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.todos import Change

TODO = Todo("ann", 1, "one")


def created(todo: Todo = TODO, event_id: str = "e1") -> Change:
    return todos.create(todo, now=NOW, event_id=event_id)


def updated(todo: Todo = TODO, event_id: str = "e2") -> Change:
    return todos.update(todo, item="uno", completed=True, now=NOW, event_id=event_id)


def deleted(todo: Todo = TODO, event_id: str = "e3") -> Change:
    return todos.delete(todo, now=NOW, event_id=event_id)


def test_what_was_committed_is_read_back(store: DynamoStore) -> None:
    store.commit(created())
    assert store.get("ann", 1) == TODO
    store.commit(updated())
    assert store.get("ann", 1) == Todo("ann", 1, "uno", completed=True, version=2)


def test_a_todo_that_is_not_there_is_none(store: DynamoStore) -> None:
    assert store.get("ann", 1) is None


def test_a_deleted_todo_is_gone_and_its_id_is_free_again(store: DynamoStore) -> None:
    store.commit(created())
    store.commit(deleted())
    assert store.get("ann", 1) is None
    store.commit(created(event_id="e4"))
    assert store.get("ann", 1) == TODO


def test_each_commit_puts_its_event_into_the_outbox(
    store: DynamoStore, dynamodb: DynamoDBClient
) -> None:
    change = created()
    store.commit(change)

    (row,) = dynamodb.scan(TableName=TABLES["OutboxTable"])["Items"]
    assert row == {
        "event_id": {"S": "e1"},
        "owner": {"S": "ann"},
        "event_type": {"S": "created"},
        "data": {"S": json.dumps(change.event.data, separators=(",", ":"))},
    }


def test_a_second_creation_names_the_id_and_leaves_no_event(
    store: DynamoStore, outbox: Outbox
) -> None:
    store.commit(created())

    with pytest.raises(TodoExists, match="id 1 ") as raised:
        store.commit(created(event_id="e2"))

    assert raised.value.todo_id == 1
    assert outbox.event_ids() == ["e1"]


@pytest.mark.parametrize("change", [updated, deleted])
def test_a_change_of_a_version_that_is_gone_tells_the_current_and_leaves_no_event(
    store: DynamoStore, outbox: Outbox, change: Any
) -> None:
    store.commit(created())
    store.commit(updated())

    with pytest.raises(VersionClash) as raised:
        store.commit(change(event_id="late"))

    assert raised.value.current == Todo("ann", 1, "uno", completed=True, version=2)
    assert outbox.event_ids() == ["e1", "e2"]


@pytest.mark.parametrize("change", [updated, deleted])
def test_a_change_of_a_todo_that_is_gone_tells_so(
    store: DynamoStore, outbox: Outbox, change: Any
) -> None:
    with pytest.raises(VersionClash) as raised:
        store.commit(change(event_id="late"))

    assert raised.value.current is None
    assert outbox.event_ids() == []


def test_two_owners_have_a_todo_of_one_id_each(store: DynamoStore) -> None:
    store.commit(created())
    store.commit(created(Todo("bob", 1, "bob's"), event_id="e2"))

    assert store.get("ann", 1) == TODO
    assert store.page("ann", limit=10, after=None).todos == [TODO]


def test_the_greatest_id_survives_to_the_last_digit(store: DynamoStore) -> None:
    todo = Todo("ann", 2**53 - 1, "last")
    store.commit(created(todo))

    assert store.get("ann", 2**53 - 1) == todo


def test_an_acked_event_is_out_of_the_outbox_and_a_second_ack_does_no_harm(
    store: DynamoStore, outbox: Outbox
) -> None:
    store.commit(created())
    store.ack("e1")
    store.ack("e1")

    assert outbox.event_ids() == []


def test_a_commit_whose_first_answer_was_lost_is_a_success(
    store: DynamoStore, outbox: Outbox
) -> None:
    change = created()
    store.commit(change)
    store.commit(change)

    assert outbox.event_ids() == ["e1"]


# What DynamoDB answers under load, put in its place on the wire: botocore and the store are real.


class Wire:
    """Answers the next calls of one operation itself; None lets a call through."""

    def __init__(self) -> None:
        self.answers: list[AWSResponse | Exception | None] = []
        self.calls: list[str] = []

    def __call__(self, request: Any, **_: object) -> AWSResponse | None:
        self.calls.append(json.loads(request.body).get("ClientRequestToken", ""))
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            request.url = "http://elsewhere.invalid"  # or moto would act on it all the same
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def wire(dynamodb: DynamoDBClient) -> Iterator[Wire]:
    wire: Any = Wire()
    dynamodb.meta.events.register_first("before-send.dynamodb", wire)
    yield wire
    dynamodb.meta.events.unregister("before-send.dynamodb", wire)


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        yield self._body


def refusal(code: str, *reasons: str) -> AWSResponse:
    body: dict[str, object] = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}"}
    if reasons:
        body["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return AWSResponse("http://test", 400, HTTPHeaders(), _Raw(json.dumps(body).encode()))


def cancelled(*reasons: str) -> AWSResponse:
    return refusal("TransactionCanceledException", *reasons)


@pytest.mark.parametrize(
    "reasons",
    [
        ("TransactionConflict", "None"),
        ("None", "TransactionConflict"),
        ("ThrottlingError", "None"),
        ("ProvisionedThroughputExceeded", "TransactionConflict"),
    ],
)
def test_a_contended_transaction_is_tried_again_under_the_same_token(
    store: DynamoStore, wire: Wire, reasons: tuple[str, str]
) -> None:
    wire.answers = [cancelled(*reasons)] * 2

    store.commit(created())

    assert wire.calls == ["e1"] * 3
    assert store.get("ann", 1) == TODO


def test_contention_that_does_not_end_is_unavailable_after_a_bounded_number_of_tries(
    dynamodb: DynamoDBClient, wire: Wire, outbox: Outbox
) -> None:
    wire.answers = [cancelled("TransactionConflict", "None")] * 5
    pauses: list[float] = []
    store = DynamoStore(
        dynamodb,
        todos_table=TABLES["TodosTable"],
        outbox_table=TABLES["OutboxTable"],
        sleep=pauses.append,
    )

    with pytest.raises(StoreUnavailable, match="TransactionConflict"):
        store.commit(created())

    assert len(wire.calls) == 5
    assert all(0 <= pause <= most for pause, most in zip(pauses, CONFLICT_PAUSES_S, strict=True))
    assert outbox.event_ids() == []


def test_a_refused_condition_is_told_at_once_even_beside_a_conflict(
    store: DynamoStore, wire: Wire
) -> None:
    wire.answers = [cancelled("ConditionalCheckFailed", "TransactionConflict")]

    with pytest.raises(TodoExists):
        store.commit(created())

    assert len(wire.calls) == 1


def test_a_cancellation_that_waiting_does_not_mend_is_an_error_at_once(
    store: DynamoStore, wire: Wire
) -> None:
    wire.answers = [cancelled("ItemCollectionSizeLimitExceeded", "None")]

    with pytest.raises(StoreError, match="ItemCollectionSizeLimitExceeded") as raised:
        store.commit(created())

    assert not isinstance(raised.value, StoreUnavailable)
    assert len(wire.calls) == 1


CALLS = {
    "get": lambda store: store.get("ann", 1),
    "page": lambda store: store.page("ann", limit=1, after=None),
    "commit": lambda store: store.commit(created()),
    "ack": lambda store: store.ack("e1"),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "code", ["ThrottlingException", "ProvisionedThroughputExceededException", "InternalServerError"]
)
def test_throttling_is_tried_again_within_a_bound_and_then_unavailable(
    store: DynamoStore, wire: Wire, code: str, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)  # botocore's own pause
    wire.answers = [refusal(code)] * 9

    with pytest.raises(StoreUnavailable, match=code):
        CALLS[call](store)

    assert 1 <= len(wire.calls) <= 3


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "error",
    [
        aws.ConnectTimeoutError(endpoint_url="x"),
        aws.ReadTimeoutError(endpoint_url="x"),
        aws.EndpointConnectionError(endpoint_url="x"),
        aws.ConnectionClosedError(endpoint_url="x"),
    ],
)
def test_a_dynamodb_out_of_reach_is_unavailable(
    store: DynamoStore, wire: Wire, error: Exception, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    wire.answers = [error] * 9

    with pytest.raises(StoreUnavailable, match="did not answer"):
        CALLS[call](store)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "failure",
    [
        refusal("AccessDeniedException"),
        refusal("ResourceNotFoundException"),
        aws.NoCredentialsError(),
    ],
)
def test_what_waiting_does_not_mend_is_an_error(
    store: DynamoStore, wire: Wire, failure: AWSResponse | Exception, call: str
) -> None:
    wire.answers = [failure]

    with pytest.raises(StoreError) as raised:
        CALLS[call](store)

    assert not isinstance(raised.value, StoreUnavailable)
