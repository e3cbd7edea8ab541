"""What counts as an answer: whole, and HTTP. The server sends these bytes, then ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.convoy.errors import AnswerTooLong, RemoteProtocolError
from tests.integration.convoy.transport_support import PATIENCE_S, post, sender
from tests.raw_server import raw_server, read_request

if TYPE_CHECKING:
    import socket

    import httpx

STATUS = b"HTTP/1.1 200 OK\r\n"
LENGTH = b"content-length: 5\r\n"
CHUNKED = b"transfer-encoding: chunked\r\n"
BODY = b"hello"
CHUNK = b"5\r\nhello\r\n"
MAX_BYTES = 1024


def ask(answer: bytes) -> httpx.Response:
    def send(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answer)
        connection.close()

    with raw_server(send) as url, sender(max_bytes=MAX_BYTES) as sent:
        return post(sent, url, deadline_s=PATIENCE_S)


def with_status(line: bytes) -> bytes:
    return line + b"\r\n" + LENGTH + b"\r\n" + BODY


def with_headers(headers: bytes) -> bytes:
    return STATUS + headers + b"\r\n" + BODY


def with_chunks(chunks: bytes) -> bytes:
    return STATUS + CHUNKED + b"\r\n" + chunks


WHOLE = [
    with_headers(LENGTH),
    with_headers(LENGTH).replace(b"\r\n", b"\n"),
    with_headers(b""),  # until the end of the connection
    with_headers(b"Content-Length:  005 \t\r\n"),
    with_headers(LENGTH * 2),
    with_headers(LENGTH + b"x: a\r\n b\r\n\tc\r\n"),
    with_headers(LENGTH + b"x: \xc3\xbc\r\ny:\r\n"),
    with_headers(LENGTH + b"content-type: multipart/mixed; boundary=x\r\n"),
    with_headers(LENGTH + b"content-type: message/rfc822\r\n"),
    with_headers(LENGTH) + b"more",
    with_status(b"HTTP/1.0 200 OK"),
    with_status(b"HTTP/1.1 200"),
    with_status(b"HTTP/1.1 200 "),
    with_chunks(CHUNK + b"0\r\n\r\n"),
    with_chunks(b"1\r\nh\r\n0004\r\nello\r\n000\r\n\r\n"),
    with_chunks(b"5 ;a=b\r\nhello\r\n0;c\r\nx: y\r\ncontent-length: 9\r\n\r\n"),
    b"HTTP/1.1 100 Continue\r\n\r\n" * 2 + with_headers(LENGTH),
    b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" * 2 + with_headers(LENGTH),
]

NOT_ONE = {
    "nothing": b"",
    "a head that was cut in the status": STATUS[:12],
    "a head that was cut after the status": STATUS,
    "a head that was cut in a header": STATUS + LENGTH[:-4],
    "a head that was cut before its end": STATUS + LENGTH,
    "no head": BODY,
    "another protocol": b"SSH-2.0-x\r\n",
    "HTTP/0.9": with_status(b"HTTP/0.9 200 OK"),
    "HTTP/2": with_status(b"HTTP/2.0 200 OK"),
    "HTTP/1.10": with_status(b"HTTP/1.10 200 OK"),
    "http/1.1": with_status(b"http/1.1 200 OK"),
    "a sign": with_status(b"HTTP/1.1 +200 OK"),
    "an underscore": with_status(b"HTTP/1.1 2_00 OK"),
    "four digits": with_status(b"HTTP/1.1 0200 OK"),
    "two digits": with_status(b"HTTP/1.1 20 OK"),
    "below 100": with_status(b"HTTP/1.1 099 OK"),
    "two spaces": with_status(b"HTTP/1.1  200 OK"),
    "a line before": b"\r\n" + with_headers(LENGTH),
    "a control character in the reason": with_status(b"HTTP/1.1 200 \0"),
    "a protocol that was not asked for": with_status(b"HTTP/1.1 101 Switching Protocols"),
    "only a 100": b"HTTP/1.1 100 Continue\r\n\r\n",
    "only a 103": b"HTTP/1.1 103 Early Hints\r\n\r\n",
    "a malformed 100": b"HTTP/1.1 100 Continue\r\nx\r\n\r\n" + with_headers(LENGTH),
    "no colon": with_headers(b"x\r\n" + LENGTH),
    "no name": with_headers(b": x\r\n" + LENGTH),
    "a space before the colon": with_headers(b"content-length : 5\r\n"),
    "a name with a control character": with_headers(b"x\0: y\r\n" + LENGTH),
    "a value with a control character": with_headers(b"x: \0\r\n" + LENGTH),
    "a return in a value": with_headers(b"x: y\rcontent-length: 3\r\n" + LENGTH),
    "a feed in a value": with_headers(b"x: y\x0ccontent-length: 3\r\n" + LENGTH),
    "a continuation of nothing": with_headers(b" x: y\r\n" + LENGTH),
    "the line of a mail": with_headers(b"From x\r\n" + LENGTH),
    "a long header": with_headers(LENGTH + b"x: " + b"y" * 70_000 + b"\r\n"),
    "a long head": with_headers(LENGTH + (b"x: " + b"y" * 30_000 + b"\r\n") * 4),
    "many headers": with_headers(LENGTH + b"x: y\r\n" * 100),
    "a shorter body": STATUS + b"content-length: 6\r\n\r\n" + BODY,
    "a far shorter body": STATUS + b"content-length: 1" + b"0" * 15 + b"\r\n\r\n" + BODY,
    "a length with a sign": with_headers(b"content-length: +5\r\n"),
    "a negative length": with_headers(b"content-length: -5\r\n"),
    "a length with an underscore": with_headers(b"content-length: 0_5\r\n"),
    "a length with another digit": with_headers(b"content-length: \xb2\r\n"),
    "a length without digits": with_headers(b"content-length: \r\n"),
    "a length that no number has": with_headers(b"content-length: " + b"9" * 5000 + b"\r\n"),
    "two lengths": with_headers(LENGTH + b"content-length: 3\r\n"),
    "a list of lengths": with_headers(b"content-length: 5, 3\r\n"),
    "a length and none": with_headers(LENGTH + b"content-length: x\r\n"),
    "chunks and a length": STATUS + CHUNKED + LENGTH + b"\r\n" + CHUNK + b"0\r\n\r\n",
    "chunks of HTTP/1.0": (with_chunks(CHUNK + b"0\r\n\r\n").replace(b"1.1", b"1.0")),
    "chunks and no length": STATUS + CHUNKED + b"content-length: x\r\n\r\n" + CHUNK + b"0\r\n\r\n",
    "another encoding": with_headers(b"transfer-encoding: gzip\r\n" + LENGTH),
    "no encoding": with_headers(b"transfer-encoding: \r\n" + LENGTH),
    "two encodings": with_headers(b"transfer-encoding: gzip, chunked\r\n" + LENGTH),
    "an encoding twice": STATUS + CHUNKED * 2 + b"\r\n" + CHUNK + b"0\r\n\r\n",
    "chunks without the last": with_chunks(CHUNK),
    "no chunk": with_chunks(b""),
    "a chunk that was cut": with_chunks(CHUNK[:5]),
    "a last chunk that was cut": with_chunks(CHUNK + b"0\r\n"),
    "trailers that were cut": with_chunks(CHUNK + b"0\r\nx: y\r\n"),
    "malformed trailers": with_chunks(CHUNK + b"0\r\nx\r\n\r\n"),
    "a chunk without an end": with_chunks(b"5\r\nhelloXX0\r\n\r\n"),
    "a chunk that is longer": with_chunks(b"3\r\nhello\r\n0\r\n\r\n"),
    "a chunk that is shorter": with_chunks(b"7\r\nhello\r\n0\r\n\r\n"),
    "a chunk without a size": with_chunks(b"\r\nhello\r\n0\r\n\r\n"),
    "a size in another form": with_chunks(b"0x5\r\nhello\r\n0\r\n\r\n"),
    "a size with a sign": with_chunks(b"+5\r\nhello\r\n0\r\n\r\n"),
    "a size with an underscore": with_chunks(b"0_5\r\nhello\r\n0\r\n\r\n"),
    "a size after a space": with_chunks(b" 5\r\nhello\r\n0\r\n\r\n"),
    "a negative size": with_chunks(b"-5\r\nhello\r\n0\r\n\r\n"),
    "the size of all": with_chunks(b"-1\r\nhello\r\n0\r\n\r\n"),
    "a size beyond memory": with_chunks(b"f" * 16 + b"\r\nhello\r\n0\r\n\r\n"),
    "a return in an extension": with_chunks(b"5;a\rb\r\nhello\r\n0\r\n\r\n"),
}

TOO_LONG = [
    STATUS + b"content-length: 1025\r\n\r\n" + b"x" * 1025,
    STATUS + b"\r\n" + b"x" * 1025,  # until the end of the connection
    with_chunks(b"401\r\n" + b"x" * 1025 + b"\r\n0\r\n\r\n"),
    with_chunks(CHUNK * 100_000),
    with_chunks(CHUNK + b"0\r\n" + b"x: y\r\n" * 100_000),
    b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000,
]


@pytest.mark.parametrize("answer", WHOLE)
def test_an_answer_in_any_form_of_http_counts(answer: bytes) -> None:
    found = ask(answer)

    assert (found.status_code, found.content) == (200, BODY)


def test_a_header_on_several_lines_is_one_line() -> None:
    assert ask(with_headers(LENGTH + b"x: a\r\n  b\r\n\tc\r\n")).headers["x"] == "a b c"


@pytest.mark.parametrize("answer", NOT_ONE.values(), ids=NOT_ONE)
def test_bytes_that_are_not_a_whole_answer_count_as_none(answer: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        ask(answer)


@pytest.mark.parametrize("answer", TOO_LONG)
def test_an_answer_with_too_many_bytes_says_so(answer: bytes) -> None:
    with pytest.raises(AnswerTooLong, match="the answer is over 1024 bytes"):
        ask(answer)


@pytest.mark.parametrize("headers", [b"", LENGTH, CHUNKED])
@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_ends_with_its_head(status: int, headers: bytes) -> None:
    found = ask(b"HTTP/1.1 %d X\r\n%b\r\n" % (status, headers))

    assert (found.status_code, found.content) == (status, b"")


def test_a_body_may_have_all_bytes_that_are_allowed_in_chunks_of_one() -> None:
    chunks = b"1\r\nx\r\n" * MAX_BYTES

    assert len(ask(with_chunks(chunks + b"0\r\n\r\n")).content) == MAX_BYTES
