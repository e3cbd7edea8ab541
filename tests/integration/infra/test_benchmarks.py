"""The documents show the results of `make bench`, and its handlers do the same work."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
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
from benchmarks.compare import __main__ as comparison
from benchmarks.compare import (
    commands,
    environments,
    interpreter,
    listed,
    processes,
    publishing,
    report,
    results,
    sampler,
    waits,
    where,
)
from benchmarks.compare.handlers import BARE, FASTAPI, FLOOR_CALLS, FLOOR_COMMIT, STRAIGHT
from benchmarks.compare.tables import Measure, Samples, Table, grid, shown
from benchmarks.compare.targets import TARGETS
from infra.local import tables
from infra.package.build import Target
from tests.integration.artefact.test_costs import COSTS
from tests.paths import ROOT
from tests.raw_server import raw_server, read_request
from tests.support import PATIENCE_S
from tests.tables import TABLES, make_store
from tests.todo import TODO, Todo

if TYPE_CHECKING:
    from socket import socket
    from types import ModuleType

    from benchmarks.compare.handlers import Peer
    from benchmarks.compare.tables import Cell

KEPT = json.loads(results.RESULTS.read_text())
PEERS = environments.HERE / "peers"


@pytest.mark.parametrize("path", [*report.BLOCKS, report.PLOT], ids=lambda path: path.name)
def test_the_documents_and_the_plot_show_the_results(path: Path) -> None:
    assert path.read_text() == report.documents(KEPT)[path]


def test_the_results_have_every_target() -> None:
    assert set(KEPT["targets"]) == set(TARGETS)
    assert set(KEPT["floors"]) <= set(TARGETS)


def test_a_ratio_compares_values_of_the_same_round() -> None:
    samples = Samples()
    for ours, bare in ((2.0, 1.0), (40.0, 20.0), (6.0, 2.0)):
        samples.add("ours", ours)
        samples.add("bare", bare)

    assert samples.ratio("ours", "bare") == Measure(2.0, 0.25)
    assert samples.above("ours", "bare").value == 4.0
    assert samples.median("ours") == 6.0


def test_a_sample_counts_for_the_package_that_called_the_library() -> None:
    values = {"text": "x" * 100_000, "numbers": list(range(1000))}

    sampled: Any = sampler.sampled

    found = sampled(lambda: json.dumps(values, indent=1), 50, {"tests"})

    assert {caller for _, caller, _ in found} == {__name__}
    assert sum(times for running, _, times in found if running.startswith("json")) > 0
    assert where._part("json.encoder", "app.outbox.metrics") == "app/outbox: json"
    assert where._part("namedtuple_Row", "app.outbox.rows") == "app/outbox"


def test_a_target_is_met_at_its_limit_and_not_beyond() -> None:
    most, least = TARGETS["zip"], TARGETS["relay"]

    assert [most.verdict(Measure(value)) for value in (5.0, 5.01)] == ["met", "missed"]
    assert [least.verdict(Measure(value)) for value in (0.9, 0.89)] == ["met", "missed"]


def test_a_target_that_the_noise_reaches_is_neither_met_nor_missed() -> None:
    target = TARGETS["cold / bare"]
    values = [1.5, 1.65, 1.75, 1.9]

    verdicts = [target.verdict(Measure(value, 0.06)) for value in values]

    assert verdicts == ["met", "within the noise", "within the noise", "missed"]


def test_a_run_on_a_machine_that_is_not_quiet_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = {"cold": Measure(2.0, 0.11)}

    def cold(rounds: int) -> Table:
        return Table("cold", "", "", ("ms",), [[rounds]], floors={"cold / bare": noise["cold"]})

    monkeypatch.setattr(interpreter, "switch", lambda: None)
    monkeypatch.setattr(comparison, "PARTS", {"cold": comparison.Part(cold, 15)})
    monkeypatch.setattr("sys.argv", ["benchmarks/compare"])

    assert comparison.main() == 1
    assert "this machine is not quiet: the floor of a cold start is 2.00 ±0.11 times the bare" in (
        capsys.readouterr().err
    )
    noise["cold"] = Measure(2.0, 0.1)
    assert comparison.main() == 0


@pytest.mark.parametrize("module", ["compare", "soak", "chaos"])
def test_a_comparison_without_the_todo_says_so(module: str) -> None:
    script = (
        "import runpy; from app import register; register.RESOURCES = ();"
        f" runpy.run_module('benchmarks.{module}', run_name='__main__')"
    )

    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("error: make ")
    assert "app/register.py does not have them" in done.stderr


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


def test_a_table_has_padded_and_aligned_cells() -> None:
    rows: list[list[Cell]] = [
        ["ours", 1234.5, Measure(1.473, 0.052)],
        ["bare", 9.876, Measure(1.0)],
    ]

    assert grid(("what", "ms", "ratio"), rows) == (
        "| what |    ms |      ratio |\n| ---- | ----: | ---------: |\n"
        "| ours | 1,234 | 1.47 ±0.05 |\n| bare |  9.88 |       1.00 |"
    )
    assert [shown(0.5), shown(12.34), shown(7)] == ["0.50", "12.3", "7"]


@pytest.mark.parametrize("other", ["3.11", "3.14"])
def test_the_comparison_runs_on_the_python_of_the_functions(
    other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(os, "execv", lambda path, arguments: replaced.append((path, arguments)))
    monkeypatch.setattr(interpreter, "environment", lambda version: f"/python{version}")
    monkeypatch.setattr("sys.argv", ["benchmarks/compare", "cold", "--quick"])

    for python in (Target().python, other):
        monkeypatch.setattr(Target, "native", lambda python=python: Target(python=python))
        interpreter.switch()

    path = f"/python{Target().python}"
    assert replaced == [(path, [path, "-m", "benchmarks.compare", "cold", "--quick"])]


def test_the_calls_that_a_user_waits_for_are_those_of_the_routes() -> None:
    assert {route: tuple(COSTS["calls"][route]["warm"]) for route in waits.CALLS} == waits.CALLS


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
