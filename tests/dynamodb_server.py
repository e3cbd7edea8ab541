"""A plugin of pytest: one DynamoDB Local for all workers of a run.

The process that starts the workers starts the server too, when the first worker asks for its URL.
The server ends with that process. Each test has a database of its own in it.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from multiprocessing.connection import Client, Listener
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from infra.local.dynamodb_local import INSTALL_S, START_S, in_memory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xdist.workermanage import WorkerController

    Answer = str | Exception

ADDRESS = "dynamodb_local"
"""The name, in a worker's input, of the socket where it asks."""


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    node.workerinput[ADDRESS] = _serve()


@contextmanager
def url(config: pytest.Config) -> Iterator[str]:
    """The server's URL; of a server of its own where there are no workers.

    Raises DynamoDBLocalError.
    """
    given: dict[str, str] = getattr(config, "workerinput", {})
    with ExitStack() as running:
        if ADDRESS in given:
            with Client(given[ADDRESS]) as asked:
                assert asked.poll(INSTALL_S + START_S), "DynamoDB Local: no answer whether it runs"
                answer = asked.recv()
        else:
            answer = _start(running)
        if isinstance(answer, Exception):
            raise answer
        yield answer


@cache
def _serve() -> str:
    """The address where another thread answers the workers that ask."""
    listener = Listener()
    Thread(target=_answer_each, args=(listener,), daemon=True).start()
    return str(listener.address)


def _answer_each(listener: Listener) -> None:
    with ExitStack() as running:
        answer: Answer | None = None
        while True:
            with listener.accept() as worker, suppress(BrokenPipeError):  # a worker that ended
                answer = answer or _start(running)
                worker.send(answer)


def _start(running: ExitStack) -> Answer:
    try:
        return running.enter_context(in_memory())
    except Exception as error:  # noqa: BLE001  # raised by each worker that asks
        return error
