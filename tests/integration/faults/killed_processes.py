"""Processes of the real API and the real relay that kill themselves inside one of their calls.

          before    cut                  sent                     after
caller ─────┼──▶ call ──half a request──▶ ─rest─▶ server ─answer─▶ ─┼──▶
                                                          unread
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, Literal, NoReturn, cast
from urllib.parse import urlsplit

from starlette.testclient import TestClient

from app.convoy.deliveries import ConvoyDeliveries
from app.convoy.event_list import ConvoyEvents
from app.http import application
from app.outbox.request_attempt import OutboxDelivery
from app.settings import Settings
from app.wiring.api import Components
from app.wiring.clock import now
from app.wiring.relay import RelayComponents
from tests.built_once import built_once
from tests.todo import TODO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta

    from fastapi import FastAPI

    from app.convoy.publisher import ConvoyPublisher
    from app.dynamodb.outbox_table import OutboxTable
    from app.http.parameters import OwnerOf
    from app.outbox.relay import Relay
    from tests.components import TodoService
    from tests.tables import TodoStore

    Environment = Mapping[str, str]
    Clock = Callable[[], datetime]

Name = Literal[
    "commit", "publish", "newest", "between", "under",
    "replay", "remove", "postpone", "park", "retry_hung",
]  # fmt: skip
Moment = Literal["before", "cut", "sent", "after"]


@dataclass(frozen=True, slots=True)
class Step:
    """The step at which a process kills itself: a moment of its `nth` such call."""

    call: Name
    moment: Moment
    nth: int = 1

    def __str__(self) -> str:
        return f"{self.call}-{self.moment}" + (f"-{self.nth}" if self.nth > 1 else "")


@dataclass(frozen=True, slots=True)
class Call:
    """A request to the API; `key` is its idempotency key."""

    method: str
    path: str
    body: Mapping[str, object] | None = None
    key: str | None = None

    def send(self, client: TestClient) -> int:
        """Send the request; gives the status."""
        headers = {} if self.key is None else {"Idempotency-Key": self.key}
        return client.request(self.method, self.path, json=self.body, headers=headers).status_code


def serve(environment: Environment, step: Step, ahead: timedelta, call: Call) -> None:
    """A process of the API: one request, with a clock that is `ahead`, and a kill in it."""
    components, clock = _components_that_die(environment, step), _clock(ahead)
    delivery = OutboxDelivery(components.publisher, components.outbox, clock, lambda: 1.0)
    service = components.service(TODO)
    store = _DiesInCall(service.store, step, _address(environment["AWS_ENDPOINT_URL_DYNAMODB"]))
    service = replace(service, store=cast("TodoStore", store), delivery=delivery, clock=clock)
    with built_once(app, service, lambda _: components.settings.convoy_app_id) as built:
        call.send(TestClient(built))


def app(service: TodoService, owner_of: OwnerOf) -> FastAPI:
    return application.build([service], owner_of)


def relay(environment: Environment, step: Step, ahead: timedelta) -> None:
    """A process of the relay: one pass, with a clock that is `ahead`, and a kill in it."""
    _relay_that_dies(
        _components_that_die(environment, step), environment, step, _clock(ahead)
    ).run()


def _clock(ahead: timedelta) -> Clock:
    return lambda: now() + ahead


def _relay_that_dies(
    components: Components, environment: Environment, step: Step, clock: Clock
) -> Relay:
    built, convoy = RelayComponents.build(components), _address(environment["CONVOY_BASE_URL"])
    events = cast("ConvoyEvents", _DiesInCall(ConvoyEvents(built.questions, clock), step, convoy))
    deliveries = _DiesInCall(ConvoyDeliveries(built.questions), step, convoy)
    return replace(
        built.relay,
        attempts=replace(built.relay.attempts, events=events, clock=clock),
        events=events,
        deliveries=cast("ConvoyDeliveries", deliveries),
        clock=clock,
    )


def _components_that_die(environment: Environment, step: Step) -> Components:
    os.environ.update(environment)
    os.chdir(os.sep)  # a folder without .env
    components = Components.build(Settings.load())
    dynamodb, convoy = (
        _address(environment[name]) for name in ("AWS_ENDPOINT_URL_DYNAMODB", "CONVOY_BASE_URL")
    )
    publisher = cast("ConvoyPublisher", _DiesInCall(components.publisher, step, convoy))
    components.breaker.inner = publisher
    return components._replace(
        outbox=cast("OutboxTable", _DiesInCall(components.outbox, step, dynamodb)),
        publisher=publisher,
    )


def _address(url: str) -> tuple[str, int]:
    parsed = urlsplit(url)
    assert parsed.hostname is not None
    assert parsed.port is not None
    return parsed.hostname, parsed.port


class _DiesInCall:
    """Wraps a part that talks to `server`, and kills the process in the step's call."""

    def __init__(self, part: object, step: Step, server: tuple[str, int]) -> None:
        self._part = part
        self._step = step
        self._server = server
        self._numbers = count(1)

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._part, name)
        return partial(self._die_in, call) if name == self._step.call else call

    def _die_in(self, call: Callable[..., object], *args: object, **kwargs: object) -> object:
        if next(self._numbers) != self._step.nth:
            return call(*args, **kwargs)
        match self._step.moment:
            case "before":
                _die()
            case "cut":
                _at_socket_call(self._server, ("send", "sendall"), _send_half_and_die)
            case "sent":
                _at_socket_call(self._server, ("recv", "recv_into"), _die)
        result = call(*args, **kwargs)
        if isinstance(result, Iterator):
            next(result, None)  # a list sends its request when its first page is read
        if self._step.moment == "after":
            _die()
        raise AssertionError("the call ended without using its socket")


def _at_socket_call(
    server: tuple[str, int], names: tuple[str, ...], act: Callable[..., object]
) -> None:
    """From now on, these calls of a socket to the server call `act` instead."""

    def replace_call(real: Callable[..., object]) -> Callable[..., object]:
        def replaced(sock: socket.socket, *args: Any, **kwargs: Any) -> object:
            return (act if sock.getpeername() == server else real)(sock, *args, **kwargs)

        return replaced

    for name in names:
        setattr(socket.socket, name, replace_call(getattr(socket.socket, name)))


_send = socket.socket.send


def _send_half_and_die(sock: socket.socket, data: bytes) -> NoReturn:
    _send(sock, data[: len(data) // 2])
    _die()


def _die(*_: object) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("the process outlived a SIGKILL")
