"""A directory and an environment of their own for the commands, and an outbox to fill."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.local import convoy as stand_in
from tests.support import TABLES
from tests.unit.commands.shell import Rows

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.support import Convoy


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, convoy: Convoy) -> None:
    monkeypatch.chdir(tmp_path)
    settings = {
        "CONVOY_API_KEY": stand_in.API_KEY,
        "CONVOY_APP_ID": "house",
        "CONVOY_PROJECT_ID": "p",
        "CONVOY_BASE_URL": convoy.api,
        "TODOS_TABLE": TABLES["TodosTable"],
        "OUTBOX_TABLE": TABLES["OutboxTable"],
        "IDEMPOTENCY_TABLE": TABLES["IdempotencyTable"],
        "COLUMNS": "80",
        "TERMINAL_WIDTH": "80",
        "TTY_COMPATIBLE": "0",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def rows(dynamodb: DynamoDBClient) -> Rows:
    return Rows(dynamodb)
