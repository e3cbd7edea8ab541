"""The count of the attack, which the run tells at its end, also where workers share it."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any

import pytest

TALLY = pytest.StashKey["Tally"]()


@dataclass
class Tally:
    """Of answers to inputs that were drawn."""

    tried: int = 0
    failed: int = 0

    def count(self, status: int) -> None:
        self.tried += 1
        self.failed += status >= 500

    def __str__(self) -> str:
        return f"attack: {self.tried} inputs tried, {self.failed} answered with a 5xx"


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TALLY] = Tally()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands its own over."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["attack"] = astuple(session.config.stash[TALLY])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    tried, failed = getattr(node, "workeroutput", {}).get("attack", (0, 0))
    tally = node.config.stash[TALLY]
    tally.tried += tried
    tally.failed += failed


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if config.stash[TALLY].tried:
        terminalreporter.write_line(str(config.stash[TALLY]))


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    return request.config.stash[TALLY]
