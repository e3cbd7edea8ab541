"""A separate directory and environment for the commands, and an outbox to fill."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.cli.shell import Rows
from tests.stand_in import deployment

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.stand_in import Convoy


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
