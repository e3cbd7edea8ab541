"""Tests that control the stand-in's worker and queues, which a real Convoy does not allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx

    from tests.stand_in import Convoy

OWNER = "ann"


@pytest.fixture
def http(stand_in: httpx.Client) -> httpx.Client:
    return stand_in


@pytest.fixture
def endpoint(convoy: Convoy) -> str:
    return convoy.endpoint(OWNER)
