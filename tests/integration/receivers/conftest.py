from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.receivers.implementations import IMPLEMENTATIONS

if TYPE_CHECKING:
    from tests.integration.receivers.implementations import Implementation


@pytest.fixture(scope="session", params=IMPLEMENTATIONS)
def implementation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Implementation:
    """The example receiver in each language."""
    name: str = request.param
    return IMPLEMENTATIONS[name](tmp_path_factory.mktemp(name))
