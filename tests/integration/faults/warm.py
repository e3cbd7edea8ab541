"""Imported by the fork server alone: what every victim would do again, done once for them all."""

from contextlib import suppress

# multiprocessing runs the main script anew in each process: pytest's imports pytest.
import pytest  # noqa: F401
from starlette.applications import Starlette
from starlette.testclient import TestClient

import tests.integration.faults.victims  # noqa: F401
from app.settings import Settings, SettingsError
from app.wiring import clients

TestClient(Starlette()).get("/")
clients.dynamodb().close()
with suppress(SettingsError):
    Settings.load()
