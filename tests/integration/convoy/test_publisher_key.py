"""A key that Convoy refuses is read again within the publish's deadline, and is never shown."""

from __future__ import annotations

import json
import logging
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from app.convoy.api_key import PAUSE_S, ApiKey, SecretError, SecretOutOfReach
from app.domain.events import Event
from app.outbox.outcomes import Accepted, Misconfigured, Refused, Unavailable
from infra.fake_convoy.project import API_KEY
from tests.components import make_publisher
from tests.raw_server import raw_server, read_request
from tests.support import NOW

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from app.convoy.publisher import ConvoyPublisher
    from app.outbox.outcomes import Outcome
    from tests.stand_in import Convoy

EVENT = Event("e1", "ann", "created", NOW, {"event": "todo.created"})
WRONG = "CO.planted.key"
PATIENCE_S = 5.0


class Kept:
    name = "kept"

    def __init__(self, read: Callable[[], str]) -> None:
        self.read = read


def publisher(
    url: str, read: Callable[[], str] = lambda: WRONG, deadline_s: float = 2.0
) -> closing[ConvoyPublisher]:
    """A publisher with the key WRONG, whose source gives the result of `read`."""
    key = ApiKey(WRONG, Kept(read))
    return closing(make_publisher(url, api_key=key, deadline_s=deadline_s))


def answer(connection: socket.socket, status: int, message: str) -> None:
    body = json.dumps({"status": False, "message": message}).encode()
    head = b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n"
    connection.sendall(head % (status, len(body)) + body)


def echo(connection: socket.socket, status: int = 401) -> None:
    """Repeats the key, and all that was sent after it."""
    while sent := read_request(connection):
        answer(connection, status, "sent: " + sent.decode().partition("uthorization: ")[2])


def test_a_refused_key_is_read_again_and_the_event_accepted_at_once(convoy: Convoy) -> None:
    with publisher(convoy.api, lambda: API_KEY) as publish:
        assert publish.publish(EVENT) == Accepted()
        assert publish.publish(EVENT) == Accepted()

    assert [event["idempotency_key"] for event in convoy.events()] == ["e1", "e1"]


def test_an_unchanged_key_is_not_tried_again() -> None:
    requests = []

    def refuse(connection: socket.socket) -> None:
        while sent := read_request(connection):
            requests.append(sent)
            answer(connection, 401, "authorization failed")

    with raw_server(refuse) as url, publisher(url) as publish:
        assert publish.publish(EVENT) == Misconfigured("401: authorization failed")
    assert len(requests) == 1


def test_a_new_key_that_is_refused_too_is_a_misconfiguration(convoy: Convoy) -> None:
    with publisher(convoy.api, lambda: "CO.other") as publish:
        assert publish.publish(EVENT) == Misconfigured("401: authorization failed")


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_the_key_is_not_read_again_for_any_other_answer(convoy: Convoy, status: int) -> None:
    def forbidden() -> str:
        raise AssertionError("read")

    convoy.fail(status=status)
    with publisher(convoy.api, forbidden) as publish:
        assert not isinstance(publish.publish(EVENT), Accepted)


def test_a_key_that_can_not_be_read_again_is_reported_with_the_reason(
    convoy: Convoy, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> str:
        raise SecretError("kept", "it may not be read.")

    with publisher(convoy.api, fail) as publish:
        outcome = publish.publish(EVENT)

    reason = "no API key that Convoy takes: CONVOY_API_KEY_SECRET (kept): it may not be read."
    assert outcome == Misconfigured(reason, outage=True)
    assert [
        record.message for record in caplog.records if record.name == "app.convoy.publisher"
    ] == [reason]


def test_a_later_publish_reads_a_key_that_the_start_could_not(
    convoy: Convoy,
) -> None:
    kept = [SecretOutOfReach("kept", "no answer."), SecretOutOfReach("kept", "no answer.")]

    def read() -> str:
        if kept:
            raise kept.pop()
        return API_KEY

    clock = Clock()
    key = ApiKey.read_from(Kept(read), clock.monotonic)
    with closing(make_publisher(convoy.api, api_key=key)) as publish:
        clock.now += PAUSE_S
        assert isinstance(publish.publish(EVENT), Misconfigured)
        clock.now += PAUSE_S
        assert publish.publish(EVENT) == Accepted()


def test_a_publish_ends_at_its_deadline_while_reading_the_key_hangs(convoy: Convoy) -> None:
    release = threading.Event()

    def hang() -> str:
        release.wait(30)
        return API_KEY

    with publisher(convoy.api, hang, deadline_s=1.0) as publish:
        started = time.monotonic()
        outcome = publish.publish(EVENT)
        took = time.monotonic() - started
        release.set()

    assert isinstance(outcome, Misconfigured)
    assert "could not be read in time" in outcome.reason
    assert took < PATIENCE_S


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in ("app.convoy.exchange", "app.convoy.streams"):
        monkeypatch.setattr(f"{module}.time", clock)
    return clock


def refuse_once(connection: socket.socket) -> None:
    for status in (401, 201):
        read_request(connection)
        answer(connection, status, "any")


def test_reading_the_key_gets_the_time_that_the_first_try_left(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = []

    def renewed(_: ApiKey, refused: str, timeout_s: float) -> str:
        left.append(timeout_s)
        return refused

    def take_long(connection: socket.socket) -> None:
        read_request(connection)
        clock.now += 6
        answer(connection, 401, "any")

    monkeypatch.setattr(ApiKey, "renewed", renewed)
    with raw_server(take_long) as url, publisher(url, deadline_s=10) as publish:
        publish.publish(EVENT)

    assert left == [4.0]


def test_the_second_try_gets_the_rest_of_the_deadline(
    clock: Clock,
) -> None:
    def take_long() -> str:
        clock.now += 11
        return API_KEY

    with raw_server(refuse_once) as url, publisher(url, take_long, 10) as publish:
        outcome = publish.publish(EVENT)

    assert isinstance(outcome, Unavailable)
    assert "deadline passed" in outcome.reason


@pytest.mark.parametrize(
    ("status", "expected"), [(401, Misconfigured), (400, Refused), (503, Unavailable)]
)
def test_an_answer_that_repeats_the_key_is_reported_without_it(
    status: int, expected: type[Outcome], caplog: pytest.LogCaptureFixture
) -> None:
    with raw_server(lambda it: echo(it, status)) as url, publisher(url) as publish:
        outcome = publish.publish(EVENT)

    assert isinstance(outcome, expected)
    assert "sent: Bearer [API key]" in repr(outcome)
    assert_shows_no_key(repr(outcome) + caplog.text)


@pytest.mark.parametrize("before", range(170, 200, 5))
def test_a_reason_that_is_cut_within_the_key_shows_no_part_of_it(before: int) -> None:
    def refuse(connection: socket.socket) -> None:
        read_request(connection)
        answer(connection, 400, "-" * before + WRONG)

    with raw_server(refuse) as url, publisher(url) as publish:
        assert_shows_no_key(repr(publish.publish(EVENT)))


def test_a_garbled_answer_that_repeats_the_key_is_reported_without_it() -> None:
    def babble(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(f"Bearer {WRONG}\r\n\r\n".encode())
        connection.close()

    with raw_server(babble) as url, publisher(url) as publish:
        outcome = publish.publish(EVENT)

    assert isinstance(outcome, Unavailable)
    assert "Bearer [API key]" in outcome.reason


def test_a_renewal_is_logged_without_either_key(
    convoy: Convoy, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with publisher(convoy.api, lambda: API_KEY) as publish:
        publish.publish(EVENT)

    assert "Convoy refused the API key; another key was read" in caplog.text
    assert API_KEY not in caplog.text
    assert_shows_no_key(caplog.text)


def assert_shows_no_key(text: str) -> None:
    assert "CO." not in text
    assert "planted" not in text
