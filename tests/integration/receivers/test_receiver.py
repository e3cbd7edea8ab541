"""The example receivers: signatures, answers, unknown events, and the order of changes."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from app.outbox.outcomes import Accepted
from examples import receiver
from infra.docs.signatures import SECRET, VECTORS
from infra.fake_convoy.signatures import header
from tests.components import make_service
from tests.integration.receivers.implementations import EXAMPLES
from tests.support import NOW, OWNER, PATIENCE_S, WEBHOOKS, missing, new_ids

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_dynamodb import DynamoDBClient

    from app.domain.events import Event
    from tests.integration.receivers.implementations import Implementation

SIGNATURES: list[dict[str, Any]] = json.loads(VECTORS.read_text())
OLD_SECRET = "the-one-before"  # noqa: S105


def test_the_go_receiver_is_formatted() -> None:
    gofmt = shutil.which("gofmt")
    if gofmt is None:
        missing("go", "needs Go: install it")
    command = [gofmt, "-d", str(EXAMPLES / "receiver.go")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)  # noqa: S603

    assert done.stdout == ""


@pytest.mark.parametrize("secrets", ["", " "])
def test_without_a_secret_it_does_not_start(implementation: Implementation, secrets: str) -> None:
    done = implementation.start(secrets)

    assert done.returncode != 0
    assert "CONVOY_ENDPOINT_SECRET is not set. Set it:" in done.stderr


def test_it_judges_each_signature_correctly(implementation: Implementation) -> None:
    verdicts = implementation.verdicts(SIGNATURES)

    wrong = [
        vector["name"]
        for vector, valid in zip(SIGNATURES, verdicts, strict=True)
        if valid is not vector["valid"]
    ]
    assert wrong == []


def test_it_answers_as_convoy_expects(implementation: Implementation, tmp_path: Path) -> None:
    log = tmp_path / "log"
    ping = json.dumps({"event": "ping", "id": "e1"}).encode()
    with implementation.running(f"{SECRET} {OLD_SECRET}", log) as url:
        answers = [
            (post(url, ping), "new"),
            (post(url, ping), "seen"),
            (post(url, ping, OLD_SECRET), "the old secret, which is being rotated"),
            (post(url, ping, "another", SECRET), "two signatures, the second is ours"),
            (post(url, ping, "another"), "forged"),
            (post(url, ping + b" ", signed=ping), "changed on its way"),
            (post(url, ping, at=-301), "too old"),
            (post(url, ping, at=301 + int(PATIENCE_S)), "from the future"),
            (httpx.post(url, content=ping, timeout=PATIENCE_S).status_code, "not signed"),
            (post(url, b"x" * (2**20 + 1)), "too large"),
            (httpx.head(url, timeout=PATIENCE_S).status_code, "Convoy, before it takes the URL"),
            (httpx.get(url, timeout=PATIENCE_S).status_code, "another method"),
            (post(f"{url}/other", ping), "another path"),
            (post(url, b"no JSON"), "signed, but no JSON: Convoy and we disagree"),
            (post(url, b'{"event":"todo.created","id":"e2"}'), "signed, but without its resource"),
        ]

    expected = [204, 204, 204, 204, 401, 401, 401, 401, 401, 413, 204, 405, 404, 500, 500]
    assert [status for status, _ in answers] == expected, answers
    assert log.read_text() == "ping e1\n"


UNKNOWN = [
    b'{"event":"todo.archived"}', b'{"event":"todo.archived","id":"e1","todo":{}}',
    b'{"event":7}', b'{"event":null}', b"[1]", b'"x"', b"null", b"{}",
]  # fmt: skip


def test_it_ignores_unknown_events(implementation: Implementation, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with implementation.running(SECRET, log) as url:
        assert [post(url, body) for body in UNKNOWN] == [204] * len(UNKNOWN)

    assert log.read_text() == ""


@pytest.mark.parametrize("event_type", ["todo.created", "ping"])
def test_work_that_fails_once_is_done_by_the_next_attempt_and_only_once(
    implementation: Implementation, event_type: str
) -> None:
    """Attempts may also come at once: an attempt waits for the end of the work of another."""
    body = json.dumps(event(event_type, 1))
    request = {"body": body, "header": header(int(time.time()), body.encode(), SECRET)}

    statuses, worked = implementation.attempts(SECRET, [request] * 3)

    assert sorted(statuses) == [204, 204, 500]
    assert worked == [f"{event_type} 1"]


def post(url: str, body: bytes, *secrets: str, signed: bytes | None = None, at: int = 0) -> int:
    """The answer to an event that is signed `at` seconds from now."""
    signature = header(int(time.time()) + at, signed or body, *(secrets or (SECRET,)))
    headers = {"x-convoy-signature": signature, "content-type": "application/json"}
    return httpx.post(url, content=body, headers=headers, timeout=PATIENCE_S).status_code


def test_they_know_each_event_of_the_catalogue() -> None:
    events = {event_type.event.rpartition(".")[2] for event_type in WEBHOOKS.event_types}

    assert events == receiver.KNOWN


def event(name: str, version: int) -> dict[str, Any]:
    return {"event": name, "id": f"{name} {version}", "todo": {"id": 1, "version": version}}


def test_a_late_retrieved_event_does_not_undo_a_change(implementation: Implementation) -> None:
    """`retrieved` has the version that was read. A deletion may have a newer one."""
    history = [
        event("todo.created", 1),
        event("todo.deleted", 2),
        event("todo.retrieved", 1),
        event("todo.updated", 1),
        event("todo.created", 3),
    ]

    assert implementation.news(history, [[0, 1, 2, 3, 4]]) == [[True, True, True, False, True]]


def test_each_resource_has_its_own_versions(implementation: Implementation) -> None:
    other_kind = {"event": "line_item.created", "id": "e", "line_item": {"id": 1, "version": 1}}
    history = [event("todo.updated", 2), other_kind, event("todo.created", 1)]
    history[2]["todo"]["id"] = 2

    assert implementation.news(history, [[0, 1, 2]]) == [[True, True, True]]


def test_names_that_differ_in_case_are_other_fields(implementation: Implementation) -> None:
    history = [event("todo.created", 2), event("todo.updated", 1), event("todo.deleted", 3)]
    for each in history:
        each["todo"] |= {"ID": "x", "Version": 9, "VERSION": None}

    assert implementation.news(history, [[0, 1, 2]]) == [[True, False, True]]


CLOCKS_APART = timedelta(seconds=120)
"""The difference between the clocks of two instances, which make the changes in turn."""


class Recorder:
    """A publisher that accepts every event, and keeps its payload."""

    def __init__(self) -> None:
        self.payloads: list[dict[str, Any]] = []

    def publish(self, event: Event) -> Accepted:
        self.payloads.append(dict(event.data))
        return Accepted()


@pytest.fixture
def history(dynamodb: DynamoDBClient) -> list[dict[str, Any]]:
    """The events of one todo's changes, by two instances whose clocks are 120 s apart."""
    recorder = Recorder()
    ids = new_ids()
    ahead, behind = (
        make_service(dynamodb, recorder, clock=lambda now=now: now, new_event_id=ids)
        for now in (NOW + CLOCKS_APART, NOW)
    )
    ahead.create(OWNER, 1, {"item": "one"})
    behind.update(OWNER, 1, {"item": "two"})
    ahead.delete(OWNER, 1)
    behind.create(OWNER, 1, {"item": "three"})
    ahead.update(OWNER, 1, {"item": "four"})
    behind.delete(OWNER, 1)
    behind.create(OWNER, 1, {"item": "five"})
    return recorder.payloads


def test_the_events_times_have_another_order_than_the_changes(
    history: list[dict[str, Any]],
) -> None:
    """A receiver that orders events by their time must fail the tests below."""
    assert sorted(history, key=lambda each: str(each["occurred_at"])) != history


@pytest.mark.parametrize("length", range(1, 8))
def test_in_any_order_of_arrival_the_last_change_wins(
    history: list[dict[str, Any]], implementation: Implementation, length: int
) -> None:
    assert len(history) == 7
    orders = list(itertools.permutations(range(length)))

    for order, news in zip(orders, implementation.news(history, orders), strict=True):
        assert [at for at, new in zip(order, news, strict=True) if new][-1] == length - 1


def test_in_their_order_each_change_is_news_once(
    history: list[dict[str, Any]], implementation: Implementation
) -> None:
    twice = [*range(7), *range(7)]

    assert implementation.news(history, [twice]) == [[True] * 7 + [False] * 7]
