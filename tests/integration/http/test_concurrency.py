"""In a server, no request waits for another request's DynamoDB or Convoy."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from app.http import application
from app.outbox.outcomes import Accepted
from infra.fake_convoy import server
from tests.components import make_service
from tests.support import OWNER

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from app.domain.events import Event
    from app.outbox.outcomes import Outcome

AT_ONCE = 32
TIMEOUT_S = 10.0


class AnswersAllAtOnce:
    """A Convoy that answers only when AT_ONCE requests wait for it at the same time."""

    def __init__(self) -> None:
        self._all = threading.Barrier(AT_ONCE, timeout=TIMEOUT_S)

    def publish(self, event: Event) -> Outcome:
        self._all.wait()
        return Accepted()


@pytest.mark.parametrize("dynamodb", ["moto_over_http"], indirect=True)
@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("POST", "/todo")])
def test_requests_are_published_at_the_same_time(
    dynamodb: DynamoDBClient, method: str, path: str
) -> None:
    service = make_service(dynamodb, AnswersAllAtOnce(), new_id=iter(range(1, 999)).__next__)

    with server.running(application.build([service], lambda _: OWNER)) as url:

        def ask(number: int) -> httpx.Response:
            body = {"item": f"{number}"} if method == "POST" else None
            return httpx.request(method, f"{url}{path}", json=body, timeout=2 * TIMEOUT_S)

        with ThreadPoolExecutor(AT_ONCE) as threads:
            answers = list(threads.map(ask, range(AT_ONCE)))

    assert {answer.status_code for answer in answers} == {200 if method == "GET" else 201}
