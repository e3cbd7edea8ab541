"""The handler that Lambda calls, in the environment of a deployment."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

from app.wiring.relay import RelayComponents
from tests.integration.customers.world import set_up
from tests.integration.lambda_.gateways import invocation
from tests.stand_in import deployment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.integration.lambda_.gateways import Invoke
    from tests.stand_in import Convoy


@pytest.fixture
def environment(
    monkeypatch: pytest.MonkeyPatch, convoy: Convoy, dynamodb: DynamoDBClient, tmp_path: Path
) -> pytest.MonkeyPatch:
    """The environment variables that a deployment sets."""
    monkeypatch.chdir(tmp_path)
    for name, value in deployment(convoy, "everyone").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SETTLE_AFTER_S", "0")
    return monkeypatch


@pytest.fixture
def cold_start(environment: pytest.MonkeyPatch) -> Iterator[Callable[[], Invoke]]:
    """Imports the handler again, as a new instance of the function does. Returns its invocation."""
    services: list[Any] = []
    relays: list[RelayComponents] = []
    build = RelayComponents.build

    def built(*about: Any, **options: Any) -> RelayComponents:
        relays.append(build(*about, **options))
        return relays[-1]

    environment.setattr(RelayComponents, "build", built)

    def start() -> Invoke:
        sys.modules.pop("handler", None)
        handler = importlib.import_module("handler")
        services.extend(handler._api()[0].app.state.services[:1])

        return invocation(handler.api)

    yield start
    for relay in relays:
        relay.close()
    for service in services:
        service.delivery.publisher.inner.inner.close()


@pytest.fixture
def customers(environment: pytest.MonkeyPatch, convoy: Convoy) -> Iterator[Invoke]:
    """Invokes the customers' function, which allows endpoints on loopback here."""
    set_up(convoy)
    environment.setenv("_HANDLER", "handler.webhooks")
    environment.setenv("LOCAL_ENDPOINTS", "true")
    sys.modules.pop("handler", None)
    handler = importlib.import_module("handler")

    yield invocation(handler.webhooks)
    handler._webhooks().app.state.customers.close()


@pytest.fixture
def call(environment: pytest.MonkeyPatch, cold_start: Callable[[], Invoke]) -> Invoke:
    """Invokes a deployment that serves anonymous requests."""
    environment.setenv("SIGN_IN", "anonymous")
    return cold_start()
