from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.components import make_publisher, make_questions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.convoy.publisher import ConvoyPublisher
    from app.convoy.questions import Questions
    from tests.stand_in import Convoy


@pytest.fixture
def publisher(convoy: Convoy) -> Iterator[ConvoyPublisher]:
    """A publisher with a long deadline: many threads and the stand-in share this process."""
    with closing(make_publisher(convoy.api, deadline_s=30.0)) as publisher:
        yield publisher


@pytest.fixture
def questions(convoy: Convoy) -> Iterator[Questions]:
    """Questions with the same deadline."""
    with closing(make_questions(convoy.api, deadline_s=30.0)) as questions:
        yield questions
