"""The faults of Convoy and of the network before it, over real connections on loopback."""

from __future__ import annotations

import gzip
import socket
import struct
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.raw_server import raw_server, read_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tests.stand_in import Convoy
    from tests.support import JsonObject


def _black_hole(connection: socket.socket) -> None:
    """Accepts connections, and never answers."""


def _slow(connection: socket.socket) -> None:
    read_request(connection)
    for byte in b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}":
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def _reset_mid_body(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n{")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def packed(connection: socket.socket) -> None:
    """Answers as Convoy does, except that the answer is compressed without being asked to."""
    answer = gzip.compress(b'{"status":true,"message":"","data":null}')
    head = b"HTTP/1.1 201 Created\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n"
    while read_request(connection):
        connection.sendall(head % len(answer) + answer)


def endless(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 201 Created\r\n\r\n")
    while True:
        connection.sendall(b" " * 65_536)


def _hang_up(connection: socket.socket) -> None:
    read_request(connection)
    connection.close()


@dataclass(frozen=True, slots=True)
class ConvoyFault:
    """`serve` gives the API root of a Convoy that fails within the context.

    With a `path` the stand-in fails only these calls. `reason` is a pattern for the start of the
    reason in a row. `refuses`: Convoy refuses the event itself; every other fault is an outage.
    `deadline_s` is short for a fault without any answer.
    """

    reason: str
    serve: Callable[..., AbstractContextManager[str]]
    refuses: bool = False
    deadline_s: float = 30.0


def _server(
    reason: str, behave: Callable[[socket.socket], None], *, deadline_s: float = 30.0
) -> ConvoyFault:
    return ConvoyFault(reason, lambda *_, **__: raw_server(behave), deadline_s=deadline_s)


@contextmanager
def _closed_port(_: Convoy, path: str = "*") -> Iterator[str]:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{closed.getsockname()[1]}/api"


def _stand_in(reason: str, *, refuses: bool = False, **fault: object) -> ConvoyFault:
    @contextmanager
    def failing(convoy: Convoy, path: str = "*") -> Iterator[str]:
        convoy.fail(**fault, path=path)
        yield convoy.api
        convoy.recover()

    return ConvoyFault(reason, failing, refuses=refuses)


def _answer(status: int, *, refuses: bool = False, **fault: object) -> ConvoyFault:
    return _stand_in(f"{status}: ", refuses=refuses, status=status, **fault)


_HTML: JsonObject = {"body": "<p>", "headers": {"content-type": "text/html"}}

FAULTS: dict[str, ConvoyFault] = {
    "black hole": _server(r"\w+Timeout: ", _black_hole, deadline_s=0.05),
    "slow": _server(r"\w+Timeout: ", _slow, deadline_s=0.2),
    "reset mid-body": _server("ReadError", _reset_mid_body),
    "201, packed": _server("201: not Convoy's JSON but gzip", packed),
    "201, endless": _server("AnswerTooLong: the answer is over", endless),
    "hangs up": _server("RemoteProtocolError", _hang_up),
    "refused": ConvoyFault("ConnectError", _closed_port),
    "reset": _stand_in("ReadError", reset=True),
    "answer lost": _stand_in("ReadError", lose_answer=True),
    "200 in HTML": _answer(200, **_HTML),
    "201 cut off": _answer(201, body="{"),
    "307": _answer(307, headers={"location": "/api/"}),
    "400": _answer(400, refuses=True),
    "401": _answer(401),
    "403": _answer(403),
    "403 in HTML": _answer(403, **_HTML),
    "404": _answer(404),
    "415 without a body": _answer(415, body="", refuses=True),
    "429, come back in 1 s": _answer(429, headers={"retry-after": "1"}),
    "500": _answer(500),
    "502 in HTML": _answer(502, **_HTML),
    "503, come back in 120 s": _answer(503, headers={"retry-after": "120"}),
}
