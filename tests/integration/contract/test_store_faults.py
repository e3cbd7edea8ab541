"""DynamoDB's answers under load, made by the test: botocore and the store are real."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore import exceptions as aws
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from app.domain.idempotency import Claim
from app.domain.ports import Clash, StoreError, StoreUnavailable
from app.dynamodb.transactions import CONFLICT_PAUSES_S
from tests.support import NOW, TodoChange
from tests.tables import Outbox, TodoStore, make_store
from tests.todo import TODO, Todo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient


A_TODO = Todo("ann", 1, "one")
CLAIM = Claim("ann", "key", "fingerprint", NOW)


def created() -> TodoChange:
    return TODO.create(A_TODO, now=NOW, event_id="e1")


class Wire:
    """Answers the next calls of one operation itself. None lets a call through."""

    def __init__(self) -> None:
        self.answers: list[AWSResponse | Exception | None] = []
        self.calls: list[Any] = []

    def __call__(self, request: Any, **_: object) -> AWSResponse | None:
        self.calls.append(json.loads(request.body))
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            request.url = "http://elsewhere.invalid"  # otherwise moto would do the call as well
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def wire(dynamodb: DynamoDBClient) -> Iterator[Wire]:
    wire: Any = Wire()
    dynamodb.meta.events.register_first("before-send.dynamodb", wire)
    yield wire
    dynamodb.meta.events.unregister("before-send.dynamodb", wire)


def answered(body: bytes, checksum: str | None = None) -> AWSResponse:
    headers = HTTPHeaders()
    if checksum is not None:
        headers["x-amz-crc32"] = checksum
    return AWSResponse("http://test", 200, headers, _Raw(body))


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        yield self._body


def refusal(code: str, *reasons: str, status: int = 400, message: str = "") -> AWSResponse:
    """DynamoDB's refusal. Without a code: the refusal of a server on the way to it."""
    body: dict[str, object] = {"message": message} if message else {}
    if code:
        body["__type"] = f"com.amazonaws.dynamodb.v20120810#{code}"
    if reasons:
        body["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return AWSResponse("http://test", status, HTTPHeaders(), _Raw(json.dumps(body).encode()))


def cancelled(*reasons: str) -> AWSResponse:
    """A cancelled creation. `reasons` are for log, outbox, todo and tombstone, in this order."""
    return refusal("TransactionCanceledException", *(*reasons, *["None"] * 4)[:4])


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
    store: TodoStore, wire: Wire, reasons: tuple[str, str]
) -> None:
    wire.answers = [cancelled(*reasons)] * 2

    store.commit(created())

    assert [call["ClientRequestToken"] for call in wire.calls] == ["e1"] * 3
    assert store.read("ann", 1).resource == A_TODO


def test_lasting_contention_is_unavailable_after_a_few_attempts(
    dynamodb: DynamoDBClient, wire: Wire, outbox: Outbox
) -> None:
    wire.answers = [cancelled("TransactionConflict", "None")] * 5
    pauses: list[float] = []
    store = make_store(dynamodb, sleep=pauses.append)

    with pytest.raises(StoreUnavailable, match="TransactionConflict"):
        store.commit(created())

    assert len(wire.calls) == 5
    assert all(0 <= pause <= most for pause, most in zip(pauses, CONFLICT_PAUSES_S, strict=True))
    assert outbox.event_ids() == []


def test_a_failed_condition_is_reported_at_once_even_with_a_conflict(
    store: TodoStore, wire: Wire
) -> None:
    wire.answers = [cancelled("None", "TransactionConflict", "ConditionalCheckFailed")]

    with pytest.raises(Clash):
        store.commit(created())

    assert len(wire.calls) == 1


def test_a_permanent_cancellation_is_an_error_at_once(store: TodoStore, wire: Wire) -> None:
    wire.answers = [cancelled("ItemCollectionSizeLimitExceeded", "None")]

    with pytest.raises(StoreError, match="ItemCollectionSizeLimitExceeded") as raised:
        store.commit(created())

    assert not isinstance(raised.value, StoreUnavailable)
    assert len(wire.calls) == 1


CALLS = {
    "read": lambda store: store.read("ann", 1),
    "page": lambda store: store.page("ann", limit=1, after=None),
    "commit": lambda store: store.commit(created()),
    "read with a key": lambda store: store.read("ann", 1, CLAIM),
    "is_waiting": lambda store: store.is_waiting("e1"),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ThrottlingException", 400),
        ("ProvisionedThroughputExceededException", 400),
        ("RequestTimeout", 400),
        ("InternalServerError", 500),
        ("", 500),
        ("", 502),
        ("", 503),
        ("", 504),
    ],
)
def test_lasting_throttling_is_unavailable_after_a_few_attempts(
    store: TodoStore,
    wire: Wire,
    code: str,
    status: int,
    call: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)  # botocore's own pause
    wire.answers = [refusal(code, status=status)] * 9

    with pytest.raises(StoreUnavailable, match="DynamoDB: "):
        CALLS[call](store)

    assert len(wire.calls) == 2


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (
            "ResourceNotFoundException",
            "RESOURCES_TABLE, OUTBOX_TABLE, EVENTS_TABLE and IDEMPOTENCY_TABLE",
        ),
        (
            "UnrecognizedClientException",
            "Check that the AWS credentials in the environment are right",
        ),
        ("ExpiredTokenException", "Check that the AWS credentials in the environment are right"),
        (
            "InvalidSignatureException",
            "Check that the AWS credentials in the environment are right",
        ),
    ],
)
def test_an_error_that_operators_can_fix_has_advice_in_one_line(
    store: TodoStore, wire: Wire, code: str, advice: str
) -> None:
    wire.answers = [refusal(code, message="It is refused\n\nWhat was signed: …")]

    with pytest.raises(StoreError, match=rf"^DynamoDB: .*{code}.* It is refused. .*{advice}.+$"):
        store.read("ann", 1)


@pytest.mark.parametrize("call", ["read", "page"])
def test_reads_are_consistent(store: TodoStore, wire: Wire, call: str) -> None:
    CALLS[call](store)

    assert wire.calls[0]["ConsistentRead"] is True


def test_a_call_has_its_own_deadline(dynamodb: DynamoDBClient) -> None:
    config: Any = dynamodb.meta.config

    assert (config.connect_timeout, config.read_timeout) == (1, 3)


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
    store: TodoStore,
    wire: Wire,
    error: Exception,
    call: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    wire.answers = [error] * 9

    with pytest.raises(StoreUnavailable, match="did not answer"):
        CALLS[call](store)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("body", "checksum"),
    [
        (b"{}", "1"),
        (b'{"Responses": [{}, {}], "Items": []}', "1"),
        (b"{}", "one"),
        (b"<html>", "1"),
        (b"\xff", "1"),
        (b"\xff", None),
    ],
)
def test_an_answer_that_stays_damaged_is_unavailable_and_no_missing_todo(
    store: TodoStore,
    wire: Wire,
    body: bytes,
    checksum: str | None,
    call: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    wire.answers = [answered(body, checksum) for _ in range(9)]

    with pytest.raises(StoreUnavailable, match="DynamoDB's answer was damaged"):
        CALLS[call](store)


def test_a_call_with_a_damaged_answer_is_repeated(
    store: TodoStore, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    store.commit(created())
    wire.answers = [answered(b"{}", "1")]

    assert store.read("ann", 1).resource == A_TODO


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "failure",
    [
        refusal("AccessDeniedException"),
        refusal("ResourceNotFoundException"),
        aws.NoCredentialsError(),
    ],
)
def test_a_permanent_failure_is_an_error(
    store: TodoStore, wire: Wire, failure: AWSResponse | Exception, call: str
) -> None:
    wire.answers = [failure]

    with pytest.raises(StoreError) as raised:
        CALLS[call](store)

    assert not isinstance(raised.value, StoreUnavailable)
