"""The processes of a comparison: canned backends on one core, a peer on another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.request import urlopen

from benchmarks.compare import environments
from benchmarks.compare.environments import runtime, task
from infra.local import tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.compare.handlers import Peer

HERE = Path(__file__).parent
HOST = "127.0.0.1"

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
PEERS, BACKENDS = 0, -1
"""Peers run on the first core, backends on the last. On a machine with one core they share it."""

Sample = dict[str, float]

Stack = tuple[str, str, int]
"""The module that ran, the module that it ran for, and how often."""


def _pin(core: int) -> None:
    if CORES:
        os.sched_setaffinity(0, {CORES[core]})


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Pin this process there, and those that it starts. `core`: PEERS or BACKENDS."""
    before = os.sched_getaffinity(0) if CORES else set()
    _pin(core)
    try:
        yield
    finally:
        if CORES:
            os.sched_setaffinity(0, before)


@dataclass(frozen=True, slots=True)
class Backends:
    port: int

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def calls(self) -> list[str]:
        """The calls since this was last asked, in order."""
        with urlopen(f"{self.url}/calls", timeout=10) as answer:  # noqa: S310
            calls: list[str] = json.load(answer)
        return calls


@contextmanager
def backends(*options: str, module: str = "benchmarks.compare.backends") -> Iterator[Backends]:
    """Start `module`, which has the canned answers."""
    command = [sys.executable, "-m", module, *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, preexec_fn=lambda: _pin(BACKENDS)
    ) as process:
        try:
            assert process.stdout is not None  # noqa: S101
            yield Backends(int(process.stdout.readline()))
        finally:
            process.kill()


def environment(dynamodb: str, convoy: str) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_LAMBDA_FUNCTION_NAME": "todo",
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb,
        "SIGN_IN": "anonymous",
        "CONVOY_API_KEY": "CO.bench",
        "CONVOY_APP_ID": "everyone",
        "CONVOY_PROJECT_ID": "p",
        "CONVOY_BASE_URL": f"{convoy}/api",
        **tables.settings(tables.names()),
        "POWERTOOLS_SERVICE_NAME": "todo",
        "PYTHONDONTWRITEBYTECODE": "1",  # Lambda's file system is read-only
        "PATH": os.defpath,
    }


class Worker:
    """A peer's process. `imported` is the cost of the import of its handler."""

    def __init__(self, process: subprocess.Popen[str], log: IO[str]) -> None:
        self._process = process
        self._log = log
        self.imported: Sample = self._read()

    def call(self, route: str, count: int) -> Sample:
        """The cost of one call, averaged over `count`. Raises RuntimeError if a call failed."""
        self._ask(route, count)
        sample: Sample = self._read()
        return sample

    def sampled(self, route: str, count: int, packages: tuple[str, ...]) -> list[Stack]:
        """Samples of the stack during `count` calls. Raises RuntimeError if a call failed."""
        self._ask(route, count, *packages)
        stacks: list[Stack] = self._read()
        return stacks

    def _ask(self, *words: object) -> None:
        assert self._process.stdin is not None  # noqa: S101
        self._process.stdin.write(f"{' '.join(map(str, words))}\n")
        self._process.stdin.flush()

    def _read(self) -> Any:  # noqa: ANN401  # JSON
        assert self._process.stdout is not None  # noqa: S101
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            raise RuntimeError(self._log.read()[-2000:])
        return json.loads(line)


@contextmanager
def worker(
    peer: Peer, environment: dict[str, str], *, compiled: bool = True, stub: bool = False
) -> Iterator[Worker]:
    stubs = [str(environments.stub(peer))] if stub else []
    folder = task(peer, compiled=compiled)
    paths = [str(HERE / "worker.py"), str(folder), str(runtime()), *stubs]
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(
            [sys.executable, "-s", "-S", *paths],
            env=environment | environments.settings(peer, folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            preexec_fn=lambda: _pin(PEERS),
        ) as process,
    ):
        try:
            yield Worker(process, log)
        finally:
            process.kill()
