"""The seconds that one request may take, which all of its calls to Convoy share."""

from __future__ import annotations

import math
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

REQUEST_S = 24.0
"""The function has 28 s. The rest is for its answer, and for a start."""


class TimeLimit:
    """The limit of a request. Each request has a context of its own."""

    def __init__(
        self, seconds: float = REQUEST_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._ends_at: ContextVar[float] = ContextVar("ends_at", default=math.inf)

    def begin(self) -> None:
        self._ends_at.set(self._clock() + self._seconds)

    def left_s(self) -> float:
        """Infinite outside of a request; negative when the time is up."""
        return self._ends_at.get() - self._clock()
