"""The stacks of `make run` that tests share, or end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.e2e.stacks import Stack, Stacks


@pytest.fixture
def new_stack(stacks: Stacks) -> Stack:
    """A stack that no test has used. Later tests use it too."""
    return stacks.new()


@pytest.fixture
def stack(stacks: Stacks) -> Stack:
    """A stack that other tests may have used."""
    return stacks.shared()


@pytest.fixture
def stack_to_end(stacks: Stacks) -> Stack:
    """A stack that the test may end."""
    return stacks.to_end()
