"""The stack of `make run`, as separate processes on free ports."""

from __future__ import annotations

import io
import os
import re
import runpy
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager, redirect_stderr
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn
from unittest.mock import patch

import pytest

from tests.paths import ROOT
from tests.ports import own_port
from tests.support import foreign

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

STOP_S = 30

LOCAL = (sys.executable, "-m", "infra.local")


@dataclass(frozen=True)
class Stack:
    process: subprocess.Popen[str]
    greeting: str
    folder: Path

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    @property
    def api(self) -> str:
        return self._shown(r"The API\s+(\S+)")

    @property
    def inbox(self) -> str:
        return self._shown(r"Its events\s+(\S+)")

    @property
    def portal(self) -> str:
        return self._shown(r"Its portal\s+(\S+)")

    @property
    def script(self) -> Path:
        """The operator's command, which ends with the stack."""
        return self.folder / self._shown(r"(?m)^  (\.local/app-\d+) outbox list$")

    def _shown(self, pattern: str) -> str:
        found = re.search(pattern, self.greeting)
        assert found, self.greeting
        return found[1]


@dataclass
class Stacks:
    """The stacks of a worker's tests: a start takes seconds of processor time."""

    _ended_with: ExitStack
    _shared: Stack | None = None
    _left: list[Stack] = field(default_factory=list)

    def new(self) -> Stack:
        """A stack that no test has used. Later tests share it."""
        if self._shared is not None:
            self._left.append(self._shared)
        self._shared = self._start()
        return self._shared

    def shared(self) -> Stack:
        return self._shared if self._shared and self._shared.runs else self.new()

    @contextmanager
    def own(self, **environment: str) -> Iterator[Stack]:
        """A stack with these settings, for the tests of a module. It runs until a test ends it."""
        stack = self._start(**environment)
        yield stack
        self._left.append(stack)

    def to_end(self) -> Stack:
        """A stack that the test may end: one that is left, or the shared one, which is then
        started anew for the next test."""
        self._left = [each for each in self._left if each.runs]
        return self._left.pop() if self._left else self.shared()

    def _start(self, **environment: str) -> Stack:
        return self._ended_with.enter_context(local_stack(cwd=ROOT, **environment))


@contextmanager
def started(
    *options: str,
    command: Sequence[str] = LOCAL,
    cwd: Path | str = ROOT,
    **environment: str,
) -> Iterator[subprocess.Popen[str]]:
    """Start the runner, without the settings of the person who runs the tests."""
    inherited = {name: value for name, value in os.environ.items() if not foreign(name)}
    process = subprocess.Popen(
        [*command, *options],
        cwd=cwd,
        env=inherited | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does for Ctrl-C
        try:
            process.communicate(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise


def end_of(*options: str, **environment: str) -> tuple[int, str]:
    """The exit code and the errors of a runner that ends by itself, without a process of its own:
    a process would import for most of a second."""
    argv = ["make run", "--env-file", os.devnull, *options]
    errors = io.StringIO()
    with (
        patch.dict(os.environ, environment),
        patch.object(sys, "argv", argv),
        redirect_stderr(errors),
        _runner_in_this_process(),
        pytest.raises(SystemExit) as ended,
    ):
        runpy.run_module("infra.local", run_name="__main__")
    assert isinstance(ended.value.code, int)
    return ended.value.code, errors.getvalue()


@contextmanager
def _runner_in_this_process() -> Iterator[None]:
    """A runner handles signals, and has a deadline: afterwards there is neither."""
    handled = (signal.SIGALRM, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in handled}
    signal.signal(signal.SIGALRM, _too_late)
    signal.alarm(STOP_S)
    try:
        yield
    finally:
        signal.alarm(0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _too_late(*_: object) -> NoReturn:
    raise TimeoutError(f"the runner did not end within {STOP_S} s")


def own_ports() -> tuple[str, ...]:
    """Options for a stack whose ports no other stack and no other worker's tests use."""
    ports = (f"--{name}={own_port()}" for name in ("api", "dynamodb", "convoy"))
    return (*ports, f"--env-file={os.devnull}")


@contextmanager
def local_stack(
    command: Sequence[str] | None = None, *, cwd: Path = ROOT, **environment: str
) -> Iterator[Stack]:
    options = own_ports() if command is None else ()
    with started(*options, command=command or LOCAL, cwd=cwd, **environment) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        greeting = ""
        for line in process.stdout:
            greeting += line
            if line.startswith("Ctrl-C"):
                break
        assert "Ctrl-C" in greeting, process.stderr.read()
        stack = Stack(process, greeting, cwd)
        script = stack.script.read_text()
        yield stack
    # Delete the logs of a successful test.
    for port in set(re.findall(r":(\d+)", greeting + script)):
        for log in (cwd / ".local").glob(f"*-{port}.log"):
            log.unlink()
