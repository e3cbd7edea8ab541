"""Every answer of Convoy has a named outcome. The answers come from the stand-in, over HTTP."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from app.convoy.api_key import ApiKey
from app.domain.events import Event
from app.outbox.outcomes import Accepted, Misconfigured, Outcome, Refused, Unavailable
from tests.components import make_publisher
from tests.integration.faults.faulty import endless, packed
from tests.raw_server import raw_server, read_request
from tests.support import NOW

if TYPE_CHECKING:
    from app.convoy.publisher import ConvoyPublisher
    from tests.stand_in import Convoy

EVENT = Event(
    "e1", "ann", "created", NOW, {"event": "todo.created", "todo": {"id": 1, "item": "ä b"}}
)
HTML = {"content-type": "text/html"}
DAY_S = 86_400


def test_a_201_is_accepted_and_the_whole_event_arrived(
    publisher: ConvoyPublisher, convoy: Convoy
) -> None:
    assert publisher.publish(EVENT) == Accepted()

    (received,) = convoy.events()
    assert received["owner_id"] == "ann"
    assert received["event_type"] == "created"
    assert received["idempotency_key"] == "e1"
    assert received["data"] == EVENT.data


def test_a_repeat_is_accepted_and_convoy_knows_it_by_its_key(
    publisher: ConvoyPublisher, convoy: Convoy
) -> None:
    assert publisher.publish(EVENT) == Accepted()
    assert publisher.publish(EVENT) == Accepted()

    assert [event["is_duplicate_event"] for event in convoy.events()] == [False, True]


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"status": 400}, Refused("400: injected fault")),
        ({"status": 400, "body": "<p>", "headers": HTML},
         Refused("400: not Convoy's JSON but text/html")),
        ({"status": 400, "body": '{"message":"a\\nb\\u001b[31m"}'}, Refused("400: a b [31m")),
        ({"status": 400, "body": json.dumps({"message": "x" * 300})}, Refused("400: " + "x" * 195)),
        ({"status": 415, "body": ""}, Refused("415: not Convoy's JSON but application/json")),
        ({"status": 413}, Refused("413: injected fault")),
        ({"status": 401}, Misconfigured("401: injected fault")),
        ({"status": 403}, Misconfigured("403: injected fault")),
        ({"status": 404}, Misconfigured("404: injected fault")),
        ({"status": 404, "body": "404 page not found", "headers": {"content-type": "text/plain"}},
         Misconfigured("404: not Convoy's JSON but text/plain")),
        ({"status": 405}, Misconfigured("405: injected fault")),
        ({"status": 407}, Misconfigured("407: injected fault")),
        ({"status": 200, "body": "<!doctype html>", "headers": HTML},
         Misconfigured("200: not Convoy's JSON but text/html")),
        ({"status": 202}, Misconfigured("202: injected fault")),
        ({"status": 301, "headers": {"location": "https://elsewhere.example/"}},
         Misconfigured("301: injected fault")),
        ({"status": 307, "headers": {"location": "/api/"}}, Misconfigured("307: injected fault")),
        ({"status": 408}, Unavailable("408: injected fault", in_doubt=True)),
        ({"status": 429, "headers": {"retry-after": "17"}},
         Unavailable("429: injected fault", 17, limited=True)),
        ({"status": 429}, Unavailable("429: injected fault", limited=True)),
        ({"status": 429, "headers": {"retry-after": "Sun, 20 Dec 2026 10:00:00 GMT"}},
         Unavailable("429: injected fault", DAY_S, limited=True)),
        ({"status": 502, "body": "<p>", "headers": HTML},
         Unavailable("502: not Convoy's JSON but text/html", in_doubt=True)),
        ({"status": 503, "headers": {"retry-after": "3"}}, Unavailable("503: injected fault", 3)),
        ({"status": 504}, Unavailable("504: injected fault", in_doubt=True)),
        ({"status": 500, "headers": {"retry-after": "3"}},
         Unavailable("500: injected fault", outage=False, in_doubt=True)),
        ({"status": 501}, Unavailable("501: injected fault", outage=False, in_doubt=True)),
        ({"status": 505}, Unavailable("505: injected fault", outage=False, in_doubt=True)),
        ({"status": 520}, Unavailable("520: injected fault", outage=False, in_doubt=True)),
        ({"status": 201, "body": "<p>", "headers": HTML},
         Unavailable("201: not Convoy's JSON but text/html", outage=False, in_doubt=True)),
        ({"status": 201, "body": "[1]"},
         Unavailable("201: not Convoy's JSON but application/json", outage=False, in_doubt=True)),
        ({"status": 201, "body": "[" * 100_000},
         Unavailable("201: not Convoy's JSON but application/json", outage=False, in_doubt=True)),
        ({"status": 500, "body": '["message"]'},
         Unavailable("500: not Convoy's JSON but application/json", outage=False, in_doubt=True)),
    ],
)  # fmt: skip
def test_each_answer_has_its_outcome(
    publisher: ConvoyPublisher, convoy: Convoy, fault: dict[str, object], outcome: Outcome
) -> None:
    convoy.fail(**fault)

    assert publisher.publish(EVENT) == outcome


def test_after_a_failure_the_next_event_gets_through(
    publisher: ConvoyPublisher, convoy: Convoy
) -> None:
    convoy.fail(status=502, body="<p>", headers=HTML, times=1)

    assert isinstance(publisher.publish(EVENT), Unavailable)
    assert publisher.publish(EVENT) == Accepted()


def test_a_wrong_key_is_a_misconfiguration(convoy: Convoy) -> None:
    outcome = publish(convoy.api, api_key=ApiKey("CO.other"))

    assert outcome == Misconfigured("401: authorization failed")


def test_a_base_url_without_api_is_a_misconfiguration(convoy: Convoy) -> None:
    outcome = publish(convoy.url)

    assert outcome == Misconfigured("200: not Convoy's JSON but text/html; charset=utf-8")


def test_a_reset_connection_is_an_outage(publisher: ConvoyPublisher, convoy: Convoy) -> None:
    convoy.fail(reset=True)

    assert_outage(publisher.publish(EVENT), "ReadError")


def test_a_refused_connection_is_an_outage() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

        assert_outage(publish(f"http://127.0.0.1:{port}/api"), "ConnectError")


def test_an_unknown_name_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert_outage(publish("http://convoy.invalid/api"), "ConnectError")


def test_an_answer_cut_off_is_an_outage() -> None:
    def cut(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n{")
        connection.close()

    with raw_server(cut) as url:
        assert_outage(publish(url), "RemoteProtocolError")


def test_an_answer_that_is_not_http_is_an_outage() -> None:
    def babble(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        connection.close()

    with raw_server(babble) as url:
        assert_outage(publish(url), "RemoteProtocolError")


def test_a_compressed_answer_is_not_decompressed() -> None:
    with raw_server(packed) as url:
        outcome = publish(url)

    reason = "201: not Convoy's JSON but gzip"
    assert outcome == Unavailable(reason, outage=False, in_doubt=True)


def test_reading_an_answer_stops_at_the_size_limit() -> None:
    with raw_server(endless) as url:
        outcome = publish(url, deadline_s=30.0)

    reason = "AnswerTooLong: the answer is over 1048576 bytes"
    assert outcome == Unavailable(reason, in_doubt=True)


def test_a_late_answer_is_an_outage() -> None:
    def wait(connection: socket.socket) -> None:
        read_request(connection)
        connection.recv(1)

    with raw_server(wait) as url:
        assert_outage(publish(url, deadline_s=0.5), "ReadTimeout")


def test_a_publish_is_compact_json_with_the_key_in_a_header() -> None:
    sent = bytearray()

    def record(connection: socket.socket) -> None:
        sent.extend(read_request(connection))
        answer = b'{"status":true,"message":"","data":null}'
        connection.sendall(
            b"HTTP/1.1 201 Created\r\ncontent-length: %d\r\n\r\n%s" % (len(answer), answer)
        )

    with raw_server(record) as url:
        assert publish(url) == Accepted()

    head, _, body = bytes(sent).partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/v1/projects/local/events/fanout HTTP/1.1\r\n")
    assert b"Authorization: Bearer CO.local" in head
    compact = json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False)
    assert body == compact.encode()


def publish(base_url: str, **override: Any) -> Outcome:
    with closing(make_publisher(base_url, **override)) as publisher:
        return publisher.publish(EVENT)


def assert_outage(outcome: Outcome, name: str) -> None:
    assert isinstance(outcome, Unavailable)
    assert outcome.reason.startswith(f"{name}: ")
