"""Every answer of Convoy has a name. The answers come from the stand-in, over HTTP."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.convoy.api_key import ApiKey
from app.convoy.publisher import retry_after_s
from app.events import Event
from app.outbox.outcomes import Accepted, Misconfigured, Outcome, Refused, Unavailable
from tests.faults.faulty import endless, packed
from tests.inputs import inputs
from tests.support import NOW, make_publisher, raw_server, read_request

if TYPE_CHECKING:
    from app.convoy.publisher import ConvoyPublisher
    from tests.support import Convoy

EVENT = Event(
    "e1", "ann", "created", NOW, {"event": "todo.created", "todo": {"id": 1, "item": "ä b"}}
)
HTML = {"content-type": "text/html"}
DAY_S = 86_400
NULL_CHARACTER = Refused("not sent: Convoy would take a null character, and never deliver it")


def test_a_201_is_accepted_and_all_of_the_event_arrived(
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
        ({"status": 400}, Refused("400: told to fail")),
        ({"status": 400, "body": "<p>", "headers": HTML},
         Refused("400: not Convoy's JSON but text/html")),
        ({"status": 400, "body": '{"message":"a\\nb\\u001b[31m"}'}, Refused("400: a b [31m")),
        ({"status": 400, "body": json.dumps({"message": "x" * 300})}, Refused("400: " + "x" * 195)),
        ({"status": 415, "body": ""}, Refused("415: not Convoy's JSON but application/json")),
        ({"status": 413}, Refused("413: told to fail")),
        ({"status": 401}, Misconfigured("401: told to fail")),
        ({"status": 403}, Misconfigured("403: told to fail")),
        ({"status": 404}, Misconfigured("404: told to fail")),
        ({"status": 404, "body": "404 page not found", "headers": {"content-type": "text/plain"}},
         Misconfigured("404: not Convoy's JSON but text/plain")),
        ({"status": 405}, Misconfigured("405: told to fail")),
        ({"status": 407}, Misconfigured("407: told to fail")),
        ({"status": 200, "body": "<!doctype html>", "headers": HTML},
         Misconfigured("200: not Convoy's JSON but text/html")),
        ({"status": 202}, Misconfigured("202: told to fail")),
        ({"status": 301, "headers": {"location": "https://elsewhere.example/"}},
         Misconfigured("301: told to fail")),
        ({"status": 307, "headers": {"location": "/api/"}}, Misconfigured("307: told to fail")),
        ({"status": 408}, Unavailable("408: told to fail")),
        ({"status": 429, "headers": {"retry-after": "17"}}, Unavailable("429: told to fail", 17)),
        ({"status": 429}, Unavailable("429: told to fail")),
        ({"status": 429, "headers": {"retry-after": "Sun, 20 Dec 2026 10:00:00 GMT"}},
         Unavailable("429: told to fail", DAY_S)),
        ({"status": 502, "body": "<p>", "headers": HTML},
         Unavailable("502: not Convoy's JSON but text/html")),
        ({"status": 503, "headers": {"retry-after": "3"}}, Unavailable("503: told to fail", 3)),
        ({"status": 504}, Unavailable("504: told to fail")),
        ({"status": 500, "headers": {"retry-after": "3"}},
         Unavailable("500: told to fail", outage=False)),
        ({"status": 501}, Unavailable("501: told to fail", outage=False)),
        ({"status": 505}, Unavailable("505: told to fail", outage=False)),
        ({"status": 520}, Unavailable("520: told to fail", outage=False)),
        ({"status": 201, "body": "<p>", "headers": HTML},
         Unavailable("201: not Convoy's JSON but text/html", outage=False)),
        ({"status": 201, "body": "[1]"},
         Unavailable("201: not Convoy's JSON but application/json", outage=False)),
        ({"status": 201, "body": "[" * 100_000},
         Unavailable("201: not Convoy's JSON but application/json", outage=False)),
        ({"status": 500, "body": '["message"]'},
         Unavailable("500: not Convoy's JSON but application/json", outage=False)),
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


def nested(depth: int) -> dict[str, object]:
    found: dict[str, object] = {}
    for _ in range(depth):
        found = {"in": found}
    return found


CIRCULAR: list[object] = []
CIRCULAR.append(CIRCULAR)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        10**5000,
        object(),
        MappingProxyType({}),
        CIRCULAR,
        nested(100_000),
        "\ud800",
        {"\udfff": 1},
        [[{"in": ["\ud83d"]}]],
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_event_that_is_not_json_is_refused_before_it_is_sent(value: object) -> None:
    refused = refused_unsent({"value": value})

    assert refused.reason.startswith("not sent, not JSON: ")


def test_whatever_fails_in_encoding_an_event_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def overflow(*_: object, **__: object) -> NoReturn:
        raise OverflowError("too large")

    monkeypatch.setattr("app.convoy.exchange.dumps", overflow)

    assert refused_unsent({}) == Refused("not sent, not JSON: too large")


@pytest.mark.parametrize("data", [None, [1], "text", [["event", "todo.created"]]])
def test_data_that_is_no_object_is_refused_before_it_is_sent(data: Any) -> None:
    assert refused_unsent(data) == Refused("not sent, not JSON: the event's data is no object")


@pytest.mark.parametrize(
    "data",
    [
        {"todo": {"item": "a\0b"}},
        {"description": "\0"},
        {"todo": {"tags": ["x", "\0"]}},
        {"todo": {"steps": [{"item": "\0"}]}},
        {"todo": {"a\0b": 1}},
        {"item": "\\\0"},
        {"item": '"\0'},
        {"pair": ("x", ("\0",))},
    ],
)
def test_a_null_character_anywhere_is_refused_before_it_is_sent(data: dict[str, object]) -> None:
    assert refused_unsent(data) == NULL_CHARACTER


@pytest.mark.parametrize("about", [{"owner": "a\0"}, {"type": "\0"}, {"id": "e\0"}])
def test_a_null_character_beside_the_data_is_refused_too(about: dict[str, str]) -> None:
    assert refused_unsent({}, **about) == NULL_CHARACTER


@pytest.mark.parametrize("text", [r"\u0000", r"\\u0000", r"a\\\u0000", "\1", "\x7f", "😀"])
def test_a_text_that_looks_like_a_null_character_is_sent(
    publisher: ConvoyPublisher, convoy: Convoy, text: str
) -> None:
    data = {"item": text}

    assert publisher.publish(Event("e1", "ann", "created", NOW, data)) == Accepted()
    assert convoy.payloads() == [data]


NUMBERS = st.integers(-1, 100) | st.integers()
DATES = st.builds(
    "{}, {} {} {} {}:{}:{} {}".format,
    st.sampled_from(["Tue", "x", ""]),
    NUMBERS,
    st.sampled_from(["Nov", "11", "x"]),
    NUMBERS | st.just(2026),
    NUMBERS,
    NUMBERS,
    NUMBERS,
    st.sampled_from(["GMT", "-0000", "x"]) | NUMBERS,
)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("17", 17),
        ("0000000000017", 17),
        ("86399", 86_399),
        ("86401", DAY_S),
        ("1234567", DAY_S),
        ("9" * 5000, DAY_S),
        ("Tue, 24 Nov 2026 10:17:30 GMT", 30),
        ("Tue, 24 Nov 2026 11:17:30 +0100", 30),
        ("Tue, 24 Nov 2026 10:17:30 -0000", 30),
        ("Tuesday, 24-Nov-26 10:17:30 GMT", 30),
        ("Tue Nov 24 10:17:30 2026", 30),
        ("Tue, 24 Nov 2026 10:16:59 GMT", 0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", DAY_S),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("3, 5", None),
        ("\u0663", None),
        ("Tue, 99 Nov 2026 10:17:30 GMT", None),
        ("Tue, 24 Nov 99999999999999999999 10:17:30 GMT", None),
        ("Tue, 24 Nov 2026 10:17:30 +99999999999999999999", None),
        ("Tue, 24 Nov 2026 10:17:30 +9999", None),
    ],
)
def test_a_retry_after_is_a_number_of_seconds_or_a_date(value: str, seconds: int | None) -> None:
    at = datetime(2026, 11, 24, 10, 17, 0, tzinfo=UTC)

    assert retry_after_s(value, at) == seconds


@inputs(100)
@given(st.text() | DATES)
def test_whatever_a_retry_after_is_it_raises_nothing(value: str) -> None:
    assert (retry_after_s(value, NOW) or 0) in range(DAY_S + 1)


def test_a_refused_connection_is_an_outage() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

        assert_outage(publish(f"http://127.0.0.1:{port}/api"), "ConnectError")


def test_a_name_that_nobody_knows_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_packed_answer_is_not_unpacked() -> None:
    with raw_server(packed) as url:
        assert publish(url) == Unavailable("201: not Convoy's JSON but gzip", outage=False)


def test_of_an_answer_no_more_is_read_than_convoy_ever_answers() -> None:
    with raw_server(endless) as url:
        outcome = publish(url, deadline_s=30.0)

    assert outcome == Unavailable("RemoteProtocolError: the answer is over 1048576 bytes")


def test_an_answer_that_does_not_come_in_time_is_an_outage() -> None:
    def wait(connection: socket.socket) -> None:
        read_request(connection)
        connection.recv(1)

    with raw_server(wait) as url:
        assert_outage(publish(url, deadline_s=0.5), "ReadTimeout")


def test_what_is_sent_is_compact_json_with_the_key_in_a_header() -> None:
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


def refused_unsent(data: Any, **about: str) -> Refused:
    """What becomes of the event at a server that would hang."""
    names = {"id": "e1", "owner": "ann", "type": "created", **about}
    event = Event(**names, occurred_at=NOW, data=data)
    connections: list[socket.socket] = []
    with raw_server(connections.append) as url, closing(make_publisher(url)) as publisher:
        outcome = publisher.publish(event)
    assert connections == []
    assert isinstance(outcome, Refused)
    return outcome
