"""What most tests share: times, names and ids that never change, and what a machine may lack."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, Literal, NoReturn, get_args

import pytest

from app.domain.resource import Change
from app.http.webhooks import Webhooks
from app.settings import Settings
from tests.register import RESOURCES
from tests.todo import Todo

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
WEBHOOKS = Webhooks(RESOURCES)
GRACE = timedelta(seconds=60)
VISIBLE_AFTER = timedelta(seconds=30)
RETENTION = timedelta(days=30)
OWNER = "ann"

PATIENCE_S = 60.0
"""Seconds to wait for a server in the tests' own process: the machine may be busy."""

JsonObject = dict[str, Any]

TodoChange = Change[Todo]


def foreign(name: str) -> bool:
    """Whether an environment variable of the person who runs the tests could change a result."""
    settings = {field.upper() for field in Settings.model_fields}
    return name in settings or name.startswith("AWS_") or name.lower().endswith("_proxy")


Tool = Literal["java", "node", "chromium", "curl", "go"]


def missing(tool: Tool, reason: str) -> NoReturn:
    """Skip the test, or fail it if `NEEDED=java,node,…` in the environment names the tool."""
    needed = set(filter(None, os.environ.get("NEEDED", "").split(",")))
    assert needed <= set(get_args(Tool)), f"NEEDED may name only {', '.join(get_args(Tool))}"
    if tool in needed:
        pytest.fail(reason)
    pytest.skip(reason)


def new_ids() -> Callable[[datetime], str]:
    """`event-1`, `event-2`, …"""
    numbers = count(1)
    return lambda _: f"event-{next(numbers)}"
