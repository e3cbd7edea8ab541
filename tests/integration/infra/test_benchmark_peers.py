"""The peers of `make bench` do the same work as this project."""

from __future__ import annotations

import gc
import json
import os
import shutil
import sysconfig
from contextlib import closing
from datetime import timedelta
from http.client import HTTPConnection
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import certifi
import pytest

from app.settings import Settings
from app.wiring.api import Components
from app.wiring.relay import RelayComponents
from benchmarks.compare import (
    commands,
    environments,
    listed,
    processes,
    publishing,
    waits,
)
from benchmarks.compare.handlers import BARE, FASTAPI, FLOOR_CALLS, FLOOR_COMMIT, STRAIGHT
from infra.local import tables
from tests.raw_server import raw_server, read_request
from tests.tables import TABLES, make_store
from tests.todo import TODO, Todo

if TYPE_CHECKING:
    from socket import socket
    from types import ModuleType

    from benchmarks.compare.handlers import Peer

PEERS = environments.HERE / "peers"


@pytest.mark.parametrize("client", sorted(publishing.MAKERS.keys() - {"ours"}))
def test_each_client_of_the_comparison_publishes_what_this_project_publishes(
    client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plain(host: str, port: int, *, timeout: float, **_: object) -> HTTPConnection:
        return HTTPConnection(host, port, timeout=timeout)

    monkeypatch.setattr(publishing, "HTTPSConnection", plain)

    assert _published_by(client) == _published_by("ours")


def _published_by(client: str) -> tuple[bytes, dict[bytes, bytes], Any]:
    """The request line, the headers that Convoy reads, and the body."""
    requests: list[bytes] = []

    def refuse(connection: socket) -> None:
        while request := read_request(connection):
            requests.append(request)
            connection.sendall(b"HTTP/1.1 418 I'm a teapot\r\nContent-Length: 0\r\n\r\n")

    with raw_server(refuse) as root:
        publish, close = publishing.MAKERS[client][1](root, certifi.where())
        with pytest.raises(RuntimeError, match="the event was not accepted"):
            publish()
        close()
    [request] = requests
    head, _, body = request.partition(b"\r\n\r\n")
    line, *lines = head.split(b"\r\n")
    headers = {name.lower(): value for name, _, value in (each.partition(b": ") for each in lines)}
    read = {name: headers[name] for name in (b"authorization", b"content-type")}
    return line, read, json.loads(body)


@pytest.mark.parametrize(
    "peer", [BARE, FASTAPI, FLOOR_CALLS, FLOOR_COMMIT, STRAIGHT], ids=lambda peer: peer.name
)
def test_the_peers_make_the_calls_of_this_project(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for path, name in environments.files(peer).items():
        shutil.copyfile(path, tmp_path / name)
    monkeypatch.setattr(processes, "task", lambda *_, **__: tmp_path)
    monkeypatch.setattr(processes, "runtime", lambda: Path(sysconfig.get_path("purelib")))
    made = {}

    with processes.backends() as canned:
        settings = processes.environment(canned.url, canned.url)
        with processes.worker(peer, settings) as process:
            for route in ("POST",) if peer is STRAIGHT else ("POST", "PUT", "GET", "LIST"):
                process.call(route, 1)
                made[route] = [call for call in canned.calls() if call != "connect"]

    unpublished = {"POST", "PUT"} if peer is FLOOR_COMMIT else set()
    assert made == {
        route: [call for call in calls if call != "publish" or route not in unpublished]
        for route, calls in waits.CALLS.items()
        if route in made
    }


def test_the_peers_transactions_have_the_parts_of_this_projects(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nowhere = "http://127.0.0.1:9"
    named = tables.settings(TABLES) | {"CALLS": "ours"}
    for name, value in (processes.environment(nowhere, nowhere) | named).items():
        monkeypatch.setenv(name, value)
    theirs, ours = _Recorder(), _Recorder()
    work = _loaded("work")
    monkeypatch.setattr(work, "dynamodb", theirs)
    monkeypatch.setattr(work, "publish", lambda _: True)
    store = make_store(ours)  # type: ignore[arg-type]
    new = TODO.create(Todo("everyone", 1, "x"), now=listed.FIRST, event_id=listed.event_id(1))

    work.create("x", 1)
    work.update("y", 1)
    store.commit(new)
    change = TODO.update(new.state, {"item": "y"}, now=listed.FIRST, event_id=listed.event_id(2))
    store.commit(change)

    assert _shape(theirs.transactions) == _shape(ours.transactions)


class _Recorder:
    """A DynamoDB client that has one todo."""

    def __init__(self) -> None:
        self.transactions: list[Any] = []

    def transact_write_items(self, *, TransactItems: Any, **_: Any) -> None:  # noqa: N803
        self.transactions.append(TransactItems)

    def get_item(self, **_: Any) -> Any:
        version = {"N": "1"}
        item = {"item": {"S": "x"}, "completed": {"BOOL": False}, "version": version}
        return {"Item": item | {"id": {"N": "1"}}}


def _shape(value: Any) -> Any:
    """Without the values of attributes."""
    match value:
        case {"S": _} | {"N": _} | {"BOOL": _}:
            return [*value]
        case dict():
            return {name: _shape(each) for name, each in value.items()}
        case list():
            return [_shape(each) for each in value]
    return value


def _loaded(peer: str) -> ModuleType:
    spec = spec_from_file_location(peer, PEERS / f"{peer}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    finally:
        gc.enable()  # the peer turns it off for its start
    return module


def test_the_list_of_the_settling_benchmark_has_each_event_once() -> None:
    count = 1200
    options = ("--events", str(count), "--convoy-delay-s", "0")
    with (
        processes.backends(*options, module=listed.__name__) as canned,
        patch.dict(os.environ, processes.environment(canned.url, canned.url)),
        closing(Components.build(Settings.load())) as components,
        closing(RelayComponents.build(components)) as relay_components,
    ):
        events = relay_components.events
        first, second = listed.FIRST, listed.FIRST + timedelta(seconds=1)
        found = [entry.key for page in events.between(first, second) for entry in page]
        known = events.under(listed.event_id(7), first)
        unknown = events.under(listed.event_id(count), first)
        newest = events.newest()

    assert found == [listed.event_id(number) for number in range(count)]
    assert [(entry.key, entry.acknowledged_at) for entry in known] == [
        (listed.event_id(7), listed.accepted_at(7))
    ]
    assert unknown == []
    assert newest[0].acknowledged_at > listed.accepted_at(count)


def test_the_floor_of_the_command_reads_the_outbox() -> None:
    with processes.backends() as canned:
        settings = processes.environment(canned.url, canned.url)
        assert commands.cpu_s("outbox list", "floor", settings) > 0
        assert canned.calls() == ["connect", "Scan"]
