"""botocore repeats a call that got no answer: the first copy may arrive much later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore import exceptions as aws
from botocore.httpsession import URLLib3Session
from starlette.testclient import TestClient

from app.http import application
from tests.components import make_service
from tests.support import OWNER
from tests.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx2
    from botocore.awsrequest import AWSPreparedRequest
    from mypy_boto3_dynamodb import DynamoDBClient

    from app.convoy.publisher import ConvoyPublisher

    Act = Callable[[TestClient], httpx2.Response]

pytestmark = pytest.mark.parametrize("dynamodb", ["dynamodb_local"], indirect=True)

HELD = "TransactWriteItems"


class Held:
    """Holds back the first copy of a transaction. `act` runs before the second copy."""

    def __init__(self) -> None:
        self.act: Callable[[], object] | None = None
        self.copy: AWSPreparedRequest | None = None

    def __call__(self, request: AWSPreparedRequest, **_: object) -> None:
        if self.act is None:
            return
        act, self.act = self.act, None
        self.copy = request
        act()
        raise aws.ReadTimeoutError(endpoint_url=request.url)

    def release(self) -> str:
        """Deliver the held copy. Returns DynamoDB's answer."""
        assert self.copy is not None
        return URLLib3Session().send(self.copy).content.decode()


@pytest.fixture
def held(dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    monkeypatch.setattr("time.sleep", lambda _: None)  # botocore's own pause
    held = Held()
    event = f"before-send.dynamodb.{HELD}"
    dynamodb.meta.events.register(event, held)
    yield held
    dynamodb.meta.events.unregister(event, held)


@pytest.fixture
def client(dynamodb: DynamoDBClient, publisher: ConvoyPublisher) -> Iterator[TestClient]:
    with TestClient(
        application.build([make_service(dynamodb, publisher)], lambda _: OWNER)
    ) as client:
        yield client


def create(client: TestClient) -> httpx2.Response:
    return client.post("/todo", json={"id": 1, "item": "another's"})


def update(client: TestClient) -> httpx2.Response:
    return client.put("/todo/1", json={"item": "another's"})


def delete(client: TestClient) -> httpx2.Response:
    return client.delete("/todo/1")


def rows(dynamodb: DynamoDBClient) -> dict[str, list[Any]]:
    """Every item of each table."""
    return {
        table: sorted(dynamodb.scan(TableName=name)["Items"], key=str)
        for table, name in TABLES.items()
    }


POST = ("POST", "/todo", {"id": 1, "item": "mine"})
PUT = ("PUT", "/todo/1", {"item": "mine"})
DELETE = ("DELETE", "/todo/1", None)


@pytest.mark.parametrize("headers", [{}, {"idempotency-key": "k"}], ids=["", "keyed"])
@pytest.mark.parametrize(
    ("before", "asked", "meanwhile", "status", "after"),
    [
        ([], POST, [create], 409, [delete]),
        ([], POST, [create, delete, create], 409, [delete]),
        ([create, delete], POST, [create], 409, [delete]),
        ([create], PUT, [update], 200, []),
        ([create], PUT, [delete], 404, [create]),
        ([create], PUT, [update], 200, [delete, create]),
        ([create], DELETE, [delete], 404, [create]),
        ([create], DELETE, [update], 200, [create]),
    ],
)
def test_a_copy_that_arrives_after_the_answer_changes_nothing(
    client: TestClient,
    dynamodb: DynamoDBClient,
    held: Held,
    headers: dict[str, str],
    before: list[Act],
    asked: tuple[str, str, Any],
    meanwhile: list[Act],
    status: int,
    after: list[Act],
) -> None:
    def do(acts: list[Act]) -> None:
        assert all(act(client).is_success for act in acts)

    do(before)
    held.act = lambda: do(meanwhile)
    method, path, body = asked
    assert client.request(method, path, json=body, headers=headers).status_code == status
    do(after)
    found = rows(dynamodb)

    answer = held.release()

    assert "TransactionCanceledException" in answer
    assert rows(dynamodb) == found


def test_a_late_copy_without_a_rival_is_the_same_change(client: TestClient, held: Held) -> None:
    """Both copies have one token: DynamoDB does the change once."""
    held.act = lambda: None

    assert client.post("/todo", json={"id": 1, "item": "mine"}).status_code == 201
    assert "Exception" not in held.release()

    assert client.get("/todo/1").json()["data"]["version"] == 1
