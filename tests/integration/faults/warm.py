"""Imported only by the fork server: the imports and caches that every killed process needs."""

from contextlib import suppress

# multiprocessing runs the main script in each process again, and pytest's imports pytest.
import pytest  # noqa: F401
from starlette.applications import Starlette
from starlette.testclient import TestClient

import tests.integration.faults.killed_processes  # noqa: F401
from app.settings import Settings, SettingsError
from app.wiring import clients

TestClient(Starlette()).get("/")
clients.dynamodb().close()
with suppress(SettingsError):
    Settings.load()
