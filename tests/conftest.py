"""For every test: a clean environment and log. It imports no server (`integration/conftest.py`)."""

from __future__ import annotations

import gc
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# pytest then shows both sides of the assertions in these modules too.
pytest.register_assert_rewrite(*(f"tests.{path.stem}" for path in Path(__file__).parent.iterdir()))

import tests.register  # noqa: F401  # before a module of the app reads the app's register
from tests import order
from tests.support import foreign

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: order.place(item.path))


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> order.Scheduling | None:
    return order.Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Garbage collections look neither during the collection of tests nor later at what it leaves:
    modules and tests live as long as the run."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_xdist_auto_num_workers() -> int:
    """Two more than processors, but at most four: tests wait for processes and sockets."""
    return min((os.cpu_count() or 1) + 2, 4)


@pytest.fixture(scope="session", autouse=True)
def _clean_environment() -> Iterator[None]:
    """No test reaches an account, a Convoy or a .env of the person who runs it."""
    with pytest.MonkeyPatch.context() as environment:
        for name in os.environ:
            if foreign(name):
                environment.delenv(name)
        environment.setenv("AWS_REGION", "eu-central-1")
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        environment.setenv("AWS_CONFIG_FILE", os.devnull)
        environment.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        yield


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    """Restores the root logger: the stream that a test gave it ends with the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
