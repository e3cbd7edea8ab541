"""The part of Lambda's Runtime API that one function at a time needs."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import JsonObject

PREFIX = "/2018-06-01/runtime"
ARN = "arn:aws:lambda:eu-central-1:123456789012:function:todo"
DEADLINE_S = 30


class FunctionError(Exception):
    """The failure that the function reported: type, message and traceback."""


@dataclass(frozen=True)
class Posted:
    """`kind` is the end of the path: `response`, `error` or `init/error`."""

    kind: str
    body: JsonObject


@dataclass
class RuntimeApi:
    address: str
    events: Queue[JsonObject | None] = field(default_factory=Queue)
    posted: Queue[Posted] = field(default_factory=Queue)

    def invoke(self, event: JsonObject) -> JsonObject:
        """Raises FunctionError if the call or the start fails, queue.Empty without a report."""
        self.events.put(event)
        posted = self.posted.get(timeout=DEADLINE_S)
        if posted.kind != "response":
            raise FunctionError(f"{posted.kind}: {json.dumps(posted.body)}")
        return posted.body


@contextmanager
def listening() -> Iterator[RuntimeApi]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Calls) as server:
        api = RuntimeApi(f"127.0.0.1:{server.server_port}")
        server.RequestHandlerClass = type("Calls", (_Calls,), {"api": api})
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield api
        finally:
            api.events.put(None)
            server.shutdown()
            thread.join()


class _Calls(BaseHTTPRequestHandler):
    api: RuntimeApi
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer would wait 40 ms

    def do_GET(self) -> None:
        assert self.path == f"{PREFIX}/invocation/next", self.path
        event = self.api.events.get()
        if event is None:
            self.close_connection = True
            return
        self._answer(
            200,
            json.dumps(event).encode(),
            {
                "Lambda-Runtime-Aws-Request-Id": str(uuid4()),
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + DEADLINE_S) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": ARN,
            },
        )

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        start, _, kind = self.path.rpartition("/")
        self.api.posted.put(Posted("init/error" if start.endswith("/init") else kind, body))
        self._answer(202, b'{"status":"OK"}', {})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the calls out of the tests' output."""
