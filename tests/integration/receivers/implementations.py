"""The example receivers in each language: their functions, and their server as a process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.integration.deploy.processes import end_with_block, wait_for
from tests.integration.receivers import drive
from tests.paths import ROOT
from tests.ports import own_port
from tests.support import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.support import JsonObject

    Orders = Sequence[Sequence[int]]

EXAMPLES = ROOT / "examples"
HERE = ROOT / "tests" / "integration" / "receivers"
SECRET_NAME = "CONVOY_ENDPOINT_SECRET"  # noqa: S105
BUILD_S = 600.0
"""Seconds to compile Go's standard library on a busy machine, the first time."""


@dataclass(frozen=True)
class Implementation:
    """`serve` is the command of the server; `{port}` is its port. `drive` calls its functions."""

    serve: Sequence[str]
    drive: Callable[[JsonObject], JsonObject]

    def verdicts(self, vectors: Sequence[JsonObject]) -> list[bool]:
        """Whether each signature is valid."""
        valid: list[bool] = self._ask(vectors=vectors)["valid"]
        return valid

    def news(self, history: Sequence[JsonObject], orders: Orders) -> list[list[bool]]:
        """Whether each event is news, for each order of arrival: indices of the history."""
        news: list[list[bool]] = self._ask(history=history, orders=orders)["news"]
        return news

    def attempts(self, secret: str, requests: Sequence[JsonObject]) -> tuple[list[int], list[str]]:
        """The answers to requests at once, and the ids of the events whose work was done.

        The work of each event fails the first time.
        """
        answers = self._ask(attempts={"secret": secret, "requests": requests})
        return answers["statuses"], answers["worked"]

    def _ask(self, **questions: object) -> JsonObject:
        nothing: JsonObject = {"vectors": [], "history": [], "orders": []}
        return self.drive(nothing | {"attempts": {"secret": "x", "requests": []}} | questions)

    @contextmanager
    def running(self, secrets: str, log: Path) -> Iterator[str]:
        """Its URL. What it prints is in `log` when the block has ended."""
        port = own_port()
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603
                [each.format(port=port) for each in self.serve],
                cwd=ROOT,
                env=environment(secrets) | {"PORT": str(port)},
                stdout=output,
                start_new_session=True,
            )
            with end_with_block(process, signal.SIGTERM):
                wait_for(port, process)
                yield f"http://127.0.0.1:{port}/webhooks"

    def start(self, secrets: str) -> subprocess.CompletedProcess[str]:
        """A start that is expected to fail."""
        return subprocess.run(  # noqa: S603
            [each.format(port=own_port()) for each in self.serve],
            cwd=ROOT,
            env=environment(secrets),
            capture_output=True,
            text=True,
            timeout=drive.RUN_S,
            check=False,
        )


def environment(secrets: str) -> dict[str, str]:
    return os.environ | {SECRET_NAME: secrets, "PYTHONUNBUFFERED": "1"}


def driver(*command: str) -> Callable[[JsonObject], JsonObject]:
    """Calls the functions in a process of their own language."""

    def ask(asked: JsonObject) -> JsonObject:
        done = subprocess.run(  # noqa: S603
            command,
            cwd=ROOT,
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=drive.RUN_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answers: JsonObject = json.loads(done.stdout)
        return answers

    return ask


def python(_: Path) -> Implementation:
    # A customer who installs uvicorn alone has h11.
    serve = ["uvicorn", "--factory", "examples.receiver:app", "--http=h11", "--log-level=warning"]
    return Implementation([sys.executable, "-m", *serve, "--port={port}"], drive.answers)


def node(_: Path) -> Implementation:
    found = shutil.which("node")
    if found is None:
        missing("node", "needs Node.js: install it")
    file = str(EXAMPLES / "receiver.mjs")
    return Implementation([found, file], driver(found, str(HERE / "drive.mjs"), file))


def go(folder: Path) -> Implementation:
    found = shutil.which("go")
    if found is None:
        missing("go", "needs Go: install it")
    shutil.copy(EXAMPLES / "receiver.go", folder)
    shutil.copy(HERE / "drive.go", folder)
    (folder / "go.mod").write_text("module receiver\n\ngo 1.22\n")
    # Without cgo, the standard library compiles in less time. The receiver does not use it.
    environ = os.environ | {"GOTOOLCHAIN": "local", "GOPROXY": "off", "CGO_ENABLED": "0"}
    for name, files in (("receiver", ["receiver.go"]), ("driver", ["receiver.go", "drive.go"])):
        done = subprocess.run(  # noqa: S603
            [found, "build", "-o", name, *files],
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            timeout=BUILD_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    return Implementation([str(folder / "receiver")], driver(str(folder / "driver")))


IMPLEMENTATIONS = {"python": python, "node": node, "go": go}
