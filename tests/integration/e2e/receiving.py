"""A receiver that keeps each request's headers and bytes, and fails when a test asks for it."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Received:
    headers: Mapping[str, str]
    body: bytes

    @property
    def key(self) -> str:
        return self.headers["x-convoy-idempotency-key"]


@dataclass
class Receiver:
    """`failures`: how many of the next requests get a 503."""

    url: str = ""
    failures: int = 0
    received: list[Received] = field(default_factory=list)
    refused: list[Received] = field(default_factory=list)

    def take(self, received: Received) -> int:
        if self.failures > 0:
            self.failures -= 1
            self.refused.append(received)
            return 503
        self.received.append(received)
        return 204

    def of(self, key: str) -> list[Received]:
        return [each for each in self.received if each.key == key]


@contextmanager
def receiving(host: str = LOOPBACK) -> Iterator[Receiver]:
    """`host` is the name of this machine for the sender, which may be outside its loopback."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(receiver.take(Received(headers, body)))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    listen_to = host if host == LOOPBACK else ""
    with ThreadingHTTPServer((listen_to, 0), Handler) as server:
        receiver.url = f"http://{host}:{server.server_port}/webhooks"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


def until(true: Callable[[], object], *, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)
