"""DynamoDB and Convoy with canned answers: the same for every peer, at once. Calls are recorded.

    python -m benchmarks.compare.backends [--tls CERTIFICATE KEY] [--convoy-delay-s S] [--item JSON]

DynamoDB has a todo, or the row of `--item`, in DynamoDB's JSON. Prints its port. `GET /calls`
answers with the calls since the previous `GET /calls`, in order.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import ssl
import zlib
from typing import Any

HOST = "127.0.0.1"

ITEM = {
    "kind/owner": {"S": "todo/everyone"},
    "id": {"N": "1"},
    "item": {"S": "Write the tests"},
    "completed": {"BOOL": False},
    "version": {"N": "1"},
}
WAITING = {
    "event_id": {"S": "01a20c91-a000-7111-8c99-8b099a3e16df"},
    "owner": {"S": "everyone"},
    "event_type": {"S": "created"},
    "occurred_at": {"N": "1795521600000"},
    "data": {"S": '{"event":"todo.created","todo":{"id":1}}'},
    "due_at": {"N": "1795521660000"},
    "state": {"S": "waiting"},
    "attempts": {"N": "0"},
    "refusals": {"N": "0"},
    "reason": {"S": ""},
}


def dynamodb(body: object) -> bytes:
    content = json.dumps(body, separators=(",", ":")).encode()
    return (
        b"HTTP/1.1 200 OK\r\nserver: Server\r\ncontent-type: application/x-amz-json-1.0\r\n"
        b"x-amzn-requestid: QAP1A2B3C4D5E6F7G8H9\r\nx-amz-crc32: %d\r\ncontent-length: %d\r\n\r\n%b"
    ) % (zlib.crc32(content), len(content), content)


def answers_with(item: dict[str, Any]) -> dict[str, bytes]:
    """By the call. The list has the item a hundred times."""
    items = [item | {"id": {"N": str(number)}} for number in range(100)]
    return {
        "GetItem": dynamodb({"Item": item}),
        "Query": dynamodb({"Items": items, "Count": len(items), "ScannedCount": len(items)}),
        "Scan": dynamodb({"Items": [WAITING], "Count": 1, "ScannedCount": 1}),
        "TransactWriteItems": dynamodb({}),
        "PutItem": dynamodb({}),
        "UpdateItem": dynamodb({}),
        "DeleteItem": dynamodb({}),
    }


_ACCEPTED = b'{"status":true,"message":"Endpoint fanout event queued successfully","data":null}'
ACCEPTED = (
    b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
    % (len(_ACCEPTED), _ACCEPTED)
)

_OTHERS = {
    "uid": "01KB0000000000000000000000",
    "idempotency_key": "another's",
    "status": "Success",
    "acknowledged_at": "2026-11-24T12:00:00.000000Z",
    "created_at": "2026-11-24T12:00:00.000000Z",
    "is_duplicate_event": False,
}


ONLY_PAGE = {"has_next_page": False, "next_page_cursor": ""}


def listed(*entries: object, pagination: dict[str, object] | None = None) -> bytes:
    """Convoy's answer with a page of a list: by default the only page."""
    data = {"content": entries, "pagination": pagination or ONLY_PAGE}
    content = json.dumps({"status": True, "message": "fetched", "data": data}).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % len(content) + content


NOTHING, NEWEST = listed(), listed(_OTHERS)
"""Convoy has no event of the question, but accepted another owner's event later."""

calls: list[str] = []


class Canned(asyncio.Protocol):
    """HTTP/1.1, kept alive. DynamoDB's header or the path decides the answer."""

    delay_s = 0.0
    answers = answers_with(ITEM)

    def __init__(self) -> None:
        self._buffer = b""
        self._new = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport
        sock: socket.socket = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            start = head.find(b"content-length:")
            length = int(head[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        if head.startswith(b"get /calls "):
            content = json.dumps(calls).encode()
            calls.clear()
            head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(content)
            self._transport.write(head + content)
            return
        if self._new:
            calls.append("connect")
            self._new = False
        at = head.find(b"x-amz-target: dynamodb_20120810.")
        if at >= 0:
            asked = head[at + 32 :].split(b"\r\n", 1)[0].decode()
            name = next(each for each in self.answers if each.lower() == asked)
            calls.append(name)
            self._transport.write(self.answers[name])
            return
        if head.startswith(b"get "):
            calls.append("question")
            self._as_convoy(NOTHING if b"startdate=" in head else NEWEST)
        else:
            calls.append("publish")
            self._as_convoy(ACCEPTED)

    def _as_convoy(self, answer: bytes) -> None:
        if self.delay_s:
            loop = asyncio.get_running_loop()
            loop.call_later(self.delay_s, self._transport.write, answer)
        else:
            self._transport.write(answer)


async def serve(protocol: type[Canned], delay_s: float, tls: tuple[str, str] | None = None) -> None:
    """Print the port, and serve for ever. `tls`: paths of a certificate and its key."""
    protocol.delay_s = delay_s
    context: Any = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, HOST, 0, ssl=context, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description="DynamoDB and Convoy with canned answers.")
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"))
    parser.add_argument("--convoy-delay-s", type=float, default=0.0)
    parser.add_argument("--item", type=json.loads, default=ITEM)
    options = parser.parse_args()
    Canned.answers = answers_with(options.item)
    asyncio.run(serve(Canned, options.convoy_delay_s, options.tls))


if __name__ == "__main__":
    main()
