"""A separate directory and environment for the commands, and an outbox to fill."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest
from typer.main import get_command, get_group

from tests.integration.cli.shell import Rows
from tests.stand_in import deployment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.stand_in import Convoy


@pytest.fixture(scope="session", autouse=True)
def _commands_built_once() -> Iterator[None]:
    """Typer builds every command for each call: a third of these tests' time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.testing._get_command", cache(get_command))
        patch.setattr("app.cli.convoy.group.get_group", cache(get_group))
        yield


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, convoy: Convoy) -> None:
    monkeypatch.chdir(tmp_path)
    terminal = {"COLUMNS": "80", "TERMINAL_WIDTH": "80", "TTY_COMPATIBLE": "0"}
    settings = deployment(convoy, "house") | terminal | {"CALLED_AS": "hookctl"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def rows(dynamodb: DynamoDBClient) -> Rows:
    return Rows(dynamodb)
