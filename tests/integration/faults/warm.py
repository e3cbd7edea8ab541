"""Imported only by the fork server: the imports and caches that every killed process needs."""

from contextlib import suppress
from types import SimpleNamespace

# multiprocessing runs the main script in each process again, and pytest's imports pytest.
import pydantic.v1  # noqa: F401  # FastAPI asks it whether a model is one of its own
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

import tests.register  # noqa: F401  # isort: skip  # before a module of the app reads the register
from app.settings import Settings, SettingsError
from app.wiring import clients
from tests.built_once import built_once
from tests.integration import models
from tests.integration.faults import killed_processes
from tests.todo import TODO

models.read_once(pytest.MonkeyPatch())
TestClient(Starlette()).get("/")
with built_once(killed_processes.app, SimpleNamespace(type=TODO), None):
    pass  # the next process uses it for its own service
clients.dynamodb().close()
with suppress(SettingsError):
    Settings.load()
