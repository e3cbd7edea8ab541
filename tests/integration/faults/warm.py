"""Imported only by the fork server: the imports and caches that every killed process needs."""

from contextlib import suppress

# multiprocessing runs the main script in each process again, and pytest's imports pytest.
import pydantic.v1  # noqa: F401  # FastAPI asks it whether a model is one of its own
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

import tests.register  # isort: skip  # before a module of the app reads the register
import tests.integration.faults.killed_processes  # noqa: F401
from app.settings import Settings, SettingsError
from app.wiring import clients
from tests.integration import models

models.read_once(pytest.MonkeyPatch())
TestClient(Starlette()).get("/")
clients.dynamodb().close()
with suppress(SettingsError):
    Settings.load()
