"""Runs the command line in a test, and fills the outbox."""

from __future__ import annotations

import json
import runpy
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from app.cli.called import called_as
from app.cli.main import cli
from app.domain.events import Event
from app.dynamodb.outbox_table import OutboxTable
from app.wiring.clock import now
from tests.tables import TABLES, make_outbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient
    from typer.testing import Result

    from app.outbox.rows import Row
    from tests.support import JsonObject

OUT_OF_REACH = "http://127.0.0.1:9"
TODO_TEXT = "Buy a ring"

DONE, NOT_DONE, USAGE, ENVIRONMENT = 0, 1, 2, 3


def run(*arguments: str, wait: Callable[[float], None] | None = None) -> Result:
    return CliRunner().invoke(
        cli, arguments, obj=wait, catch_exceptions=False, prog_name=called_as()
    )


def python_m_app(monkeypatch: pytest.MonkeyPatch) -> object:
    """The exit code of `python -m app`, in this process, with the arguments in `sys.argv`."""
    monkeypatch.delitem(sys.modules, "app.__main__", raising=False)
    with pytest.raises(SystemExit) as raised:
        runpy.run_module("app", run_name="__main__")
    return raised.value.code


def usage_error(result: Result) -> str:
    """The message on one line, without the box that is drawn around it."""
    return " ".join(result.stderr.replace("\N{BOX DRAWINGS LIGHT VERTICAL}", " ").split())


def soon(_: float) -> None:
    """Wait for a part of a second: enough for the stand-in to deliver."""
    time.sleep(0.1)


def lines(result: Result) -> list[JsonObject]:
    return [json.loads(line) for line in result.stdout.splitlines()]


class Rows:
    """Puts rows into the outbox, `age` and `due_in` seconds from now."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client
        self.table = make_outbox(client)

    def waiting(self, event_id: str, *, due_in: float = -1, age: float = 60, **about: Any) -> Row:
        event = Event(
            id=event_id,
            owner=about.get("owner", "ann"),
            type=about.get("type", "created"),
            occurred_at=now() - timedelta(seconds=age),
            data={"id": event_id, "todo": {"item": about.get("item", TODO_TEXT)}},
        )
        grace = timedelta(seconds=age + due_in)
        put = OutboxTable(self._client, TABLES["OutboxTable"], settle_after=grace).put(event)
        self._client.put_item(**put)
        return self.row(event_id)

    def failed(self, event_id: str, reason: str = "400: no such event type") -> Row:
        self.table.park(self.waiting(event_id), now=now(), reason=reason)
        return self.row(event_id)

    def row(self, event_id: str) -> Row:
        row = self.table.get(event_id)
        assert row is not None
        return row
