"""Tells X-Ray of each call to DynamoDB and Convoy, if Lambda traces the request.

X-Ray's own library and OpenTelemetry's layer patch every library at each cold start. A call is one
datagram to the daemon that Lambda runs beside the function (X-Ray developer guide, "Sending trace
data" and "Segment documents"). Import this module only if tracing is on.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx
    from mypy_boto3_dynamodb import DynamoDBClient

    Client = TypeVar("Client", bound=DynamoDBClient)

log = logging.getLogger(__name__)

MAX_CALLS = 100
"""Of one trace. X-Ray takes 500 kB a trace; a pass of the relay may make thousands of calls."""

_HEADER = b'{"format":"json","version":1}\n'
_STARTED = "xray"
_CLIENT_ERROR, _TOO_MANY, _SERVER_ERROR = 400, 429, 500


@dataclass(frozen=True, slots=True)
class Parent:
    """The segment of Lambda's function."""

    trace_id: str
    id: str

    @classmethod
    def of(cls, header: str) -> Parent | None:
        """None if the request is not traced."""
        parts = dict(part.partition("=")[::2] for part in header.split(";"))
        if parts.get("Sampled") != "1" or "Root" not in parts or "Parent" not in parts:
            return None
        return cls(parts["Root"], parts["Parent"])


class Tracer:
    """`environment` has Lambda's variables, which change with each request. `clock` gives seconds.

    A trace that can't be sent is logged, and fails no call.
    """

    def __init__(
        self,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._environment = environment
        self._clock = clock
        self._trace_id = ""
        self._calls = 0

    def watch(self, client: DynamoDBClient) -> None:
        """Send each call of botocore's client."""
        events = client.meta.events
        events.register("before-call.dynamodb", self._started)
        events.register("after-call.dynamodb", self._answered)
        events.register("after-call-error.dynamodb", self._failed)

    def around(self, exchange: Callable[..., httpx.Response]) -> Callable[..., httpx.Response]:
        """The same exchange with Convoy. Each is sent, without the query, body and headers."""

        def traced(request: Any, *others: Any, **options: Any) -> httpx.Response:  # noqa: ANN401
            parent, started = self._parent(), self._clock()
            host = request.origin.host
            path = request.target.partition("?")[0]
            asked = {"method": request.method, "url": f"{request.origin.scheme}://{host}{path}"}
            about: dict[str, Any] = {"namespace": "remote", "http": {"request": asked}}
            try:
                response = exchange(request, *others, **options)
            except BaseException as error:
                self._send(parent, host, started, about, error=error)
                raise
            self._send(parent, host, started, about, status=response.status_code)
            return response

        return traced

    def _started(self, model: Any, context: dict[str, Any], **_: object) -> None:  # noqa: ANN401
        context[_STARTED] = self._parent(), self._clock(), model.name

    def _answered(self, http_response: Any, context: dict[str, Any], **_: object) -> None:  # noqa: ANN401
        self._send_dynamodb(context, status=http_response.status_code)

    def _failed(self, exception: BaseException, context: dict[str, Any], **_: object) -> None:
        self._send_dynamodb(context, error=exception)

    def _send_dynamodb(self, context: dict[str, Any], **outcome: Any) -> None:  # noqa: ANN401
        parent, started, operation = context[_STARTED]
        about = {"namespace": "aws", "aws": {"operation": operation}}
        self._send(parent, "DynamoDB", started, about, **outcome)

    def _parent(self) -> Parent | None:
        parent = Parent.of(self._environment.get("_X_AMZN_TRACE_ID", ""))
        if parent is None:
            return None
        if parent.trace_id != self._trace_id:
            self._trace_id, self._calls = parent.trace_id, 0
        self._calls += 1
        return parent if self._calls <= MAX_CALLS else None

    def _send(
        self,
        parent: Parent | None,
        name: str,
        started: float,
        about: dict[str, Any],
        *,
        status: int | None = None,
        error: BaseException | None = None,
    ) -> None:
        if parent is None:
            return
        segment = {
            "name": name,
            "id": secrets.token_hex(8),
            "trace_id": parent.trace_id,
            "parent_id": parent.id,
            "type": "subsegment",
            "start_time": started,
            "end_time": self._clock(),
            **about,
            **_outcome(status, error),
        }
        if status is not None:
            segment["http"] = about.get("http", {}) | {"response": {"status": status}}
        self._emit(_HEADER + json.dumps(segment).encode())

    def _emit(self, datagram: bytes) -> None:
        try:
            # A socket of a snapshot, or of another thread, would be of no use.
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
                daemon.settimeout(0)
                daemon.sendto(datagram, _address(self._environment["AWS_XRAY_DAEMON_ADDRESS"]))
        except (OSError, LookupError, ValueError) as error:
            log.warning("trace lost: %r", error)


def _outcome(status: int | None, error: BaseException | None) -> dict[str, Any]:
    """X-Ray's marks. The message of an error is left out: it may have a text or an address."""
    if error is not None:
        cause = {"id": secrets.token_hex(8), "type": type(error).__name__, "remote": True}
        return {"fault": True, "cause": {"exceptions": [cause]}}
    if status is None or status < _CLIENT_ERROR:
        return {}
    if status >= _SERVER_ERROR:
        return {"fault": True}
    return {"error": True, "throttle": status == _TOO_MANY}


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)
