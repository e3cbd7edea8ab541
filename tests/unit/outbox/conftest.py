"""A new world, with an empty outbox, for each test of the relay."""

from __future__ import annotations

import pytest

from tests.unit.outbox.world import RelayWorld


@pytest.fixture
def world() -> RelayWorld:
    return RelayWorld()
